"""As much of `curl` as the tours of the READMEs use, for machines that have none: `-s -w FORMAT -H HEADER -d BODY URL`."""

import argparse
import sys
import urllib.error
import urllib.request


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("-s", action="store_true")
    options.add_argument("-w", default="")
    options.add_argument("-H", action="append", default=[])
    options.add_argument("-d")
    options.add_argument("url")
    asked = options.parse_args()
    body = None if asked.d is None else asked.d.encode()
    headers = dict(line.split(": ", 1) for line in asked.H)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        answer = opener.open(urllib.request.Request(asked.url, body, headers), timeout=30)
    except urllib.error.HTTPError as failed:
        answer = failed
    with answer:
        sys.stdout.buffer.write(answer.read())
    said = asked.w.replace("%{http_code}", str(answer.status)).replace("\\n", "\n")
    print(said.removeprefix("%{stderr}"), end="", file=sys.stderr if said.startswith("%{stderr}") else sys.stdout)


if __name__ == "__main__":
    main()
