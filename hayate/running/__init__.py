from hayate.records import Task


def oracle_text(task: Task) -> str:
    raise NotImplementedError
