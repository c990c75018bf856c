"""Users, roles, rights and row-level security: Redshift's statements as PostgreSQL's, or as functions of the prelude.

Only the forms that are written here are taken; another one is refused: nobody has compared it with Redshift's.
"""

import re

from tests.redshift.rig.proxy import Refused

_ROLE = r'("[^"]+"|[a-z0-9_:]+)'
_RELATION = r'((?:"?\w+"?\.)*"?\w+"?)'
_FORMS = (
    (rf"create user {_ROLE} password disable", r"do $do$ begin perform rs.create_user('\1'); end $do$"),
    (rf"create role {_ROLE}", r"create role \1"),
    (rf"grant role {_ROLE} to (?:role )?{_ROLE}", r"do $do$ begin perform rs.grant_role('\1', '\2'); end $do$"),
    (rf"grant ignore rls to role {_ROLE}", r"do $do$ begin perform rs.ignore_rls('\1'); end $do$"),
    (rf"grant ([a-z, ]+) on (.+) to role {_ROLE}", r"grant \1 on \2 to \3"),
    (
        rf"alter default privileges for user {_ROLE} in schema (\w+) grant ([a-z, ]+) on tables to role {_ROLE}",
        r"alter default privileges for role \1 in schema \2 grant \3 on tables to \4",
    ),
    (
        rf"create rls policy {_ROLE} with \((\w+ [a-z0-9()]+)\) using \((.+)\)",
        r"do $do$ begin perform rs.create_policy('\1', '\2', $q$\3$q$); end $do$",
    ),
    (
        rf"attach rls policy {_ROLE} on {_RELATION} to role {_ROLE}",
        r"do $do$ begin perform rs.attach_policy('\1', '\2', '\3'); end $do$",
    ),
    (
        rf"alter table {_RELATION} row level security on",
        r"do $do$ begin perform rs.row_level_security('\1'); end $do$",
    ),
)
_OURS = re.compile(
    r"(create|alter|drop) (user|role|group)\b|(create|attach|detach|drop|alter) rls\b|alter default privileges|"
    r"grant\b.*\bto role\b|grant (role|ignore)\b|alter table .* row level security|revoke\b",
    re.IGNORECASE | re.DOTALL,
)


def translated(text: str) -> str | None:
    """The statement for PostgreSQL; None when it is not about rights. Raises Refused for a form that is not known."""
    if not _OURS.match(text):
        return None
    one_line = re.sub(r"\s+", " ", text).strip().rstrip(";")
    for form, ours in _FORMS:
        if match := re.fullmatch(form, one_line, re.IGNORECASE):
            return match.expand(ours)
    raise Refused(f"a form of rights that the rig does not know: {one_line}")
