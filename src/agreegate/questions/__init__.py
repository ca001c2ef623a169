"""The 35 questions of the published process (contract section 2), answered for a partner at an instant.

`table.py` is the data; `answer.py` answers it; `place.py` says where an answer is seen.
"""
