#!/usr/bin/env python3
"""Puts into the database what no public call makes yet: a membership in a team, and two identities of a user.

  rows.py DATABASE PROJECT USER

DATABASE is the SQLite file of the server or the URL of its PostgreSQL database. The ids begin with the user's: USER.team,
USER.member, USER.id1, USER.id2.
"""
import sqlite3, subprocess, sys

database, project, user = sys.argv[1:4]
quoted = lambda text: "'%s'" % text.replace("'", "''")
NOW = "1767323045678"  # 2026-01-02T03:04:05.678+00:00


def insert(table, **columns):
    """What is written as SQL stands here as it is; a list makes it text."""
    values = [quoted(value[0]) if isinstance(value, list) else value for value in columns.values()]
    return "INSERT INTO %s (project, %s) SELECT p.seq, %s FROM projects p WHERE p.id = %s;" % (
        table, ", ".join(columns), ", ".join(values), quoted(project))


def identity(n, provider):
    uid, email = "%s-%d" % (user, n), "uid%d.%s@example.org" % (n, user)
    return insert(
        "identities", id=["%s.id%d" % (user, n)], user_id=[user], created_at=NOW, updated_at=NOW, provider=[provider],
        provider_uid=[uid], provider_email=[email], provider_email_folded=[email], search=["%s %s" % (uid, email)])


team, member = user + ".team", user + ".member"
roles = '["owner","reader"]'
statements = [
    insert("teams", id=[team], created_at=NOW, updated_at=NOW, name=["Team of " + user], total="1", prefs=["{}"]),
    insert("memberships", id=[member], user_id=[user], team_id=[team], created_at=NOW, updated_at=NOW, invited=NOW, joined=NOW,
           confirm="TRUE", roles=[roles]),
    *(insert("membership_roles", role=[role], membership_seq="(SELECT seq FROM memberships WHERE id = %s)" % quoted(member))
      for role in ("owner", "reader")),
    identity(1, "github"),
    identity(2, "google"),
]
script = "BEGIN;\n%s\nCOMMIT;\n" % "\n".join(statements)
if database.startswith(("postgres://", "postgresql://")):
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", database], input=script, text=True, check=True)
else:
    # A file that is not there must not be made. The server writes to it too: wait for its turn to end.
    connection = sqlite3.connect("file:%s?mode=rw" % database, uri=True, timeout=30)
    connection.executescript("PRAGMA foreign_keys = ON;\n" + script)
    connection.close()
