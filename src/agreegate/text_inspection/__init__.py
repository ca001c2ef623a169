"""Inspects a PDF or a Word document before it is published, in a process of its own. A leaf.

`python -m agreegate.text_inspection pdf|docx` reads the file on standard input and writes the code of the error; nothing when
the file can be published. A hostile file can crash or exhaust this process, and never the server.
"""

LONGEST_INSPECTION = 20
"""Seconds of the processor that an inspection may take."""
LARGEST_MEMORY = 1024 * 1024 * 1024
"""Bytes of memory that an inspection may take."""
KINDNESS = 10
"""How far an inspection stands back behind the server (`nice`)."""
