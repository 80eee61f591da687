"""What `doctor` has to say of one thing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Complaint:
    """One thing that was looked at: what it is, what there is to say, and whether it is stuck."""

    subject: str
    words: str
    is_stuck: bool = False
