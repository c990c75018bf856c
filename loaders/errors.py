"""The one exception that a user is meant to read."""


class EarshotError(Exception):
    """Something the user can mend: its text is one sentence that says what, where and what to do next.

    `code` is the process's exit code: 1 when the data or the work failed, 2 for wrong usage.
    """

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
