"""Which module of a model raised an exception, and what it said."""

from traceback import walk_tb


def raised_in(model, error):
    """Return the dotted name of the innermost module of the model on the traceback; empty where none is."""
    names = {id(module): name for name, module in model.named_modules()}
    found = ""
    for frame, _ in walk_tb(error.__traceback__):
        found = names.get(id(frame.f_locals.get("self")), found)
    return found


def told(model, error):
    """Return one clause that says which module raised what."""
    return f"{raised_in(model, error) or 'it'} raises {type(error).__name__}: {first_line(error)[:200]}"


def first_line(error):
    """Return the first line of what an error says."""
    return (str(error).strip().splitlines() or ["no message"])[0]
