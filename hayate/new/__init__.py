"""From a person's C or C++ function to a draft of a task: read it, guess what its arguments are, try the guess out.

found = read(Path("kernels.c"), "spmv")
draft = guess(found)
tried = try_out(draft, found)
print(tried.draft.table())
"""

from hayate.new.draft import Draft, Guess
from hayate.new.guess import guess
from hayate.new.preprocessed import Place
from hayate.new.read import Found, read
from hayate.new.trying import Problem, Tried, try_out

__all__ = ["Draft", "Found", "Guess", "Place", "Problem", "Tried", "guess", "read", "try_out"]
