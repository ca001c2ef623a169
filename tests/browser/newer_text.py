"""A newer major text in a running demo: whoever accepted an older one has to be reconfirmed."""

import subprocess
from pathlib import Path

from tests.faults.server import COMMAND, Server

MANIFEST = """
template = "MicrosoftCloudAgreement"
label = "newer"
major = true
effective_from = 2018-10-01
note = "Made up."

[[text]]
file = "text.md"
language = "en-US"
countries = "all"
"""


def publish_newer_text(server: Server, folder: Path) -> None:
    """Publish it as an operator would, beside the server that runs; in force since October 2018."""
    (folder / "manifest.toml").write_text(MANIFEST, encoding="utf-8")
    (folder / "text.md").write_text("# A sample, made up\n", encoding="utf-8")
    subprocess.run(
        [COMMAND, "agreements", "publish", folder, "--data", server.folder, "--allow-past"],
        check=True,
        capture_output=True,
    )
