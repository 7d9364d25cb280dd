"""What a mail says: a list of blocks, what is wrong with it, and how it becomes text and HTML. Pure.

`problems(step)` and `links(step)` read anything that has a subject, a preheader and a content.
"""

from nurturing.content.schema import Block, links
from nurturing.content.validation import Problem, problems

__all__ = ["Block", "Problem", "links", "problems"]
