"""The process that inspects one file, within limits that the system holds the process to."""

import io
import os
import resource
import sys

from agreegate.domain.error import Rejected
from agreegate.text_inspection import KINDNESS, LARGEST_MEMORY, LONGEST_INSPECTION


def main(kind: str) -> None:
    """Inspect the file on standard input.

    Args:
        kind: `pdf` or `docx`.
    """
    os.nice(KINDNESS)
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_INSPECTION, LONGEST_INSPECTION))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        if kind == "pdf":
            from agreegate.text_inspection.pdf import inspect  # noqa: PLC0415 - loads a library that Word documents do not need
        else:
            from agreegate.text_inspection.docx import inspect  # noqa: PLC0415
        inspect(io.BytesIO(sys.stdin.buffer.read()))
    except Rejected as error:
        sys.stdout.write(error.code)
    except (MemoryError, RecursionError):
        sys.stdout.write("text.too-complex")


if __name__ == "__main__":
    main(sys.argv[1])
