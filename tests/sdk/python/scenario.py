#!/usr/bin/env python3
"""One release of the PyPI package "appwrite" against one server.

  PYTHONPATH=targets/VERSION python3 scenario.py VERSION ENDPOINT PROJECT KEY USER
USER is one who has what common/rows.py makes. Prints one JSON line {sdk, format, methods, results: [{id, level, state,
text, calls}]}; same levels as the Node.js scenario. The releases from 16 to 24 read answers into models and raise on every
field that is missing or null, so a list proves its model when it has a row.
"""
import base64, inspect, json, os, random, re, string, sys, time, traceback
from datetime import datetime

VERSION, ENDPOINT, PROJECT, KEY, RICH = sys.argv[1:6]
MAJOR = int(VERSION.split(".")[0])
HERE = os.path.dirname(os.path.abspath(__file__))
V = json.load(open(os.path.join(HERE, "..", "common", "vectors.json")))

import warnings
warnings.simplefilter("ignore")
from appwrite.client import Client
from appwrite.query import Query
from appwrite.id import ID
from appwrite.services.users import Users
from appwrite.services.account import Account
from appwrite.services.teams import Teams
from appwrite.exception import AppwriteException
try:
    from appwrite.enums.password_hash import PasswordHash
except ImportError:
    PasswordHash = str
try:
    from appwrite.enums.messaging_provider_type import MessagingProviderType
except ImportError:
    MessagingProviderType = str


def client(project=PROJECT, key=None):
    c = Client()
    c.set_endpoint(ENDPOINT).set_project(project)
    if key:
        c.set_key(key)
    return c


calls = {}


class Recorder:
    """Notes which methods are called, and whether they answer, so that each check knows what it stands for."""

    def __init__(self, service):
        self.service = service

    def __getattr__(self, name):
        value = getattr(self.service, name)
        if not callable(value):
            return value

        def noted(*args, **kw):
            calls.setdefault(name, False)
            answer = value(*args, **kw)
            calls[name] = True
            return answer

        return noted


raw = Users(client(key=KEY))
users = Recorder(raw)
METHODS = [n for n, f in vars(Users).items() if not n.startswith("_") and callable(f)]
results = []


class Skip(Exception):
    pass


def plain(x):
    """A typed answer as the dictionary that came over the wire."""
    if hasattr(x, "to_dict"):
        raw = getattr(x, "prefs", None)
        x = x.to_dict()
        if hasattr(raw, "data"):
            x["prefs"] = raw.data
        # typed releases read counters as floating point
        x = {k: int(v) if isinstance(v, float) and v == int(v) and k == "total" else v for k, v in x.items()}
    return x


def has(m):
    return hasattr(raw, m)


def takes(m, parameter):
    return parameter in inspect.signature(getattr(raw, m)).parameters


def call(m, **kw):
    return plain(getattr(users, m)(**kw))


def eq(a, b, what):
    if a != b or type(a) is bool and type(b) is not bool:
        raise AssertionError("%s: got %s, want %s" % (what, json.dumps(a, default=str)[:120], json.dumps(b)[:120]))


def ok(c, what):
    if not c:
        raise AssertionError(what)


def fails(code, types, fn):
    try:
        r = fn()
    except AppwriteException as e:
        eq(e.code, code, "error code (%s)" % e.message)
        if types:
            types = [types] if isinstance(types, str) else types
            ok(e.type in types, "error type: got %r, want %s" % (e.type, " or ".join(types)))
        return e
    raise AssertionError("no error, want %d; answer %s" % (code, str(r)[:80]))


def check(id_, level, needs, fn):
    missing = [n for n in needs if not (hasattr(Query, n[6:]) if n.startswith("Query.") else has(n))]
    if missing:
        results.append(dict(id=id_, level=level, state="n/a", text=""))
        return
    calls.clear()
    try:
        fn()
        results.append(dict(id=id_, level=level, state="ok", text="", calls=dict(calls)))
    except Skip:
        results.append(dict(id=id_, level=level, state="n/a", text=""))
    except Exception as e:
        text = "%s: %s" % (type(e).__name__, e) if not isinstance(e, (AssertionError, AppwriteException)) else str(e)
        text = " / ".join(text.split("\n"))[:260]
        if isinstance(e, AppwriteException) and e.code:
            text += " [%s %s]" % (e.code, e.type)
        results.append(dict(id=id_, level=level, state="fail", text=text, calls=dict(calls)))


ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$")
token = "p%d%s" % (MAJOR, "".join(random.choice(string.ascii_lowercase + string.digits) for _ in range(7)))
P = V["password"]
made = []


def uid(s):
    return token + "." + s


def mail(s):
    return "%s.%s@example.org" % (s, token)


def phone(n):
    return "+1556%02d%04d%d" % (MAJOR, random.randint(1000, 9999), n)


def ids(l):
    return [u["$id"] for u in l["users"]]


def empty(r):
    return not r


tel, tel2 = phone(1), phone(2)
A = {}


def t_create():
    global A
    A = u = call("create", user_id=uid("a"), email="A." + mail("a"), phone=tel, password=P, name=token + " Alpha")
    made.append(uid("a"))
    eq(u["$id"], uid("a"), "$id"); eq(u["email"], "a." + mail("a"), "email is lower-cased"); eq(u["phone"], tel, "phone"); eq(u["name"], token + " Alpha", "name")
    eq(u["status"], True, "status"); eq(u["labels"], [], "labels"); eq(u["emailVerification"], False, "emailVerification"); eq(u["phoneVerification"], False, "phoneVerification")
    for k in ("$createdAt", "$updatedAt", "registration", "passwordUpdate"):
        ok(ISO.match(u[k]), "%s is not yyyy-mm-ddThh:mm:ss.mmm+00:00: %s" % (k, u[k]))
    ok(abs(datetime.fromisoformat(u["registration"]).timestamp() - time.time()) < 120, "registration is not about now")


def t_argon():
    eq(A.get("hash"), "argon2", "hash"); ok(str(A.get("password")).startswith("$argon2"), "password"); eq((A.get("hashOptions") or {}).get("type"), "argon2", "hashOptions.type")


check("create (id, email, phone, password, name)", "must", ["create"], t_create)
check("create: password is stored as argon2", "must", ["create"], t_argon)
check("create: mfa and targets fields", "extra", ["update_mfa"], lambda: (eq(A["mfa"], False, "mfa"), eq(len(A["targets"]), 2, "targets for email and phone")) and None)


def t_min():
    u = call("create", user_id=ID.unique())
    ok(re.match(r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,35}$", u["$id"]), "generated id: " + u["$id"])
    eq([u["email"], u["phone"], u["name"]], ["", "", ""], "empty email, phone, name")
    call("delete", user_id=u["$id"])


check("create: only an id; ID.unique()", "must", ["create"], t_min)
check("create: same id again -> 409", "must", ["create"], lambda: fails(409, "user_already_exists", lambda: call("create", user_id=uid("a"), email=mail("other"))) and None)
check("create: same email again -> 409", "must", ["create"], lambda: fails(409, ["user_already_exists", "user_email_already_exists"], lambda: call("create", user_id=uid("dup"), email="a." + mail("a"))) and None)
check("create: bad email -> 400", "must", ["create"], lambda: fails(400, "general_argument_invalid", lambda: call("create", user_id=uid("bad"), email="nobody")) and None)
check("create: short password -> 400", "must", ["create"], lambda: fails(400, "general_argument_invalid", lambda: call("create", user_id=uid("bad"), password="short")) and None)
check("create: bad id -> 400", "must", ["create"], lambda: fails(400, "general_argument_invalid", lambda: call("create", user_id="_bad id", email=mail("bad"))) and None)

sm, sc = V["scryptModified"], V["scrypt"]
HASHED = [
    ("create_argon2_user", "argon2", dict(password=V["argon2"]), {}), ("create_bcrypt_user", "bcrypt", dict(password=V["bcrypt"]), {}),
    ("create_md5_user", "md5", dict(password=V["md5"]), {}), ("create_ph_pass_user", "phpass", dict(password=V["phpass"]), {}),
    ("create_sha_user", "sha", dict(password=V["sha"]["sha512"], password_version="sha512"), {"version": "sha512"}),
    ("create_scrypt_user", "scrypt", dict(password=sc["hash"], password_salt=sc["salt"], password_cpu=sc["cpu"], password_memory=sc["memory"], password_parallel=sc["parallel"], password_length=sc["length"]),
     {"salt": sc["salt"], "costCpu": sc["cpu"], "costMemory": sc["memory"], "costParallel": sc["parallel"], "length": sc["length"]}),
    ("create_scrypt_modified_user", "scryptMod", dict(password=sm["hash"], password_salt=sm["salt"], password_salt_separator=sm["separator"], password_signer_key=sm["signer"]),
     {"salt": sm["salt"], "saltSeparator": sm["separator"], "signerKey": sm["signer"]}),
]
for m, h, args, opts in HASHED:
    def t(m=m, h=h, args=args, opts=opts):
        a = dict(args)
        if "password_version" in a: a["password_version"] = PasswordHash(a["password_version"])
        u = call(m, user_id=uid(h), email=mail(h), name=token + " " + h, **a)
        made.append(uid(h))
        eq(u["$id"], uid(h), "$id"); eq(u["email"], mail(h).lower(), "email"); eq(u["name"], token + " " + h, "name"); eq(u["hash"], h, "hash"); eq(u["password"], args["password"], "password")
        o = u.get("hashOptions") or {}
        for k in opts: eq(o.get(k), opts[k], "hashOptions." + k)
    check(m, "must", [m], t)


def t_get():
    u = call("get", user_id=uid("a"))
    for k in ("$id", "email", "phone", "name", "status", "labels", "registration", "hash", "password", "emailVerification", "$createdAt"): eq(u[k], A[k], k)


check("get", "must", ["get"], t_get)
check("get: unknown -> 404 user_not_found", "must", ["get"], lambda: fails(404, "user_not_found", lambda: call("get", user_id=uid("none"))) and None)


def t_body():
    e = fails(404, "user_not_found", lambda: call("get", user_id=uid("none")))
    r = json.loads(e.response) if isinstance(e.response, str) else e.response
    eq([r["code"], r["type"]], [404, "user_not_found"], "code and type in the body"); ok(r["message"] == e.message, "message")


check("error: answer body reaches the caller", "must", ["get"], t_body)
check("wrong key -> 401", "must", ["get"], lambda: fails(401, None, lambda: Users(client(key="not-a-key")).get(uid("a"))) and None)
check("no key -> 401", "must", ["get"], lambda: fails(401, "general_unauthorized_scope", lambda: Users(client()).get(uid("a"))) and None)
check("unknown project -> 404", "must", ["get"], lambda: fails(404, "project_not_found", lambda: Users(client("no-such-project", KEY)).get(uid("a"))) and None)

B = []
for n in ("b1", "b2", "b3"):
    try:
        B.append(call("create", user_id=uid(n), email=mail(n), password=P, name="%s Bravo %s" % (token, n))); made.append(uid(n))
    except Exception:
        pass


def L(queries=None, search=None):
    kw = {}
    if queries is not None: kw["queries"] = queries
    if search is not None: kw["search"] = search
    return call("list", **kw)


def t_list():
    l = L(); ok(isinstance(l["total"], int) and l["total"] >= 4 and 0 < len(l["users"]) <= 25, "total %s" % l["total"])


check("list: no arguments", "must", ["list"], t_list)
check("list: search by name word", "must", ["list"], lambda: ok(set(map(uid, ("b1", "b2", "b3"))) <= set(ids(L(search=token))), "the three users are not all found"))
check("list: search by email", "must", ["list"], lambda: ok(uid("b2") in ids(L([Query.limit(1000)], mail("b2"))), "not found"))
check("list: search finds nothing", "must", ["list"], lambda: eq(L(search=token + "zzz"), {"total": 0, "users": []}, "list"))


def q(name, needs, queries, want, total=None, level="must"):
    def t():
        l = L(queries()); eq(ids(l), [uid(w) for w in want], "ids"); eq(l["total"], len(want) if total is None else total, "total")
    check("list: " + name, level, ["list"] + ["Query." + n for n in needs], t)


BADQ = ["general_argument_invalid", "general_query_invalid"]


def bravo(): return Query.starts_with("name", token + " Bravo")
def mine(): return Query.starts_with("name", token)


q("equal(email)", ["equal"], lambda: [Query.equal("email", mail("b1"))], ["b1"])
q("equal(name) two values", ["equal"], lambda: [Query.equal("name", [token + " Bravo b1", token + " Bravo b3"])], ["b1", "b3"])
q("notEqual", ["not_equal"], lambda: [bravo(), Query.not_equal("email", mail("b2"))], ["b1", "b3"])
q("startsWith", ["starts_with"], lambda: [bravo()], ["b1", "b2", "b3"])
q("endsWith", ["ends_with"], lambda: [Query.ends_with("email", "b3.%s@example.org" % token)], ["b3"])
q("lessThan / lessThanEqual", ["less_than", "less_than_equal"], lambda: [bravo(), Query.less_than("email", mail("b3")), Query.less_than_equal("email", mail("b2"))], ["b1", "b2"])
q("greaterThan / greaterThanEqual", ["greater_than", "greater_than_equal"], lambda: [bravo(), Query.greater_than("email", mail("b1")), Query.greater_than_equal("email", mail("b2"))], ["b2", "b3"])
# Release 3 puts both bounds into a list, which the server of its time refused too.
listed = "[" in str(Query.between("a", "x", "y")) and not str(Query.between("a", "x", "y")).startswith("{")


def between(attribute, low, high):
    if listed: raise Skip()
    return Query.between(attribute, low, high)


def t_listed():
    if not listed: raise Skip()
    fails(400, BADQ, lambda: L([Query.between("email", "x", "y")]))


check("list: between with a list of bounds -> 400", "must", ["Query.between"], t_listed)
q("between(email)", ["between"], lambda: [bravo(), between("email", mail("b2"), mail("b3"))], ["b2", "b3"])
q("between(registration)", ["between"], lambda: [bravo(), between("registration", B[0]["registration"], B[2]["registration"])], ["b1", "b2", "b3"])
q("greaterThan(registration, 2100)", ["greater_than"], lambda: [mine(), Query.greater_than("registration", "2100-01-01T00:00:00.000+00:00")], [])
q("greaterThan($createdAt)", ["greater_than"], lambda: [bravo(), Query.greater_than("$createdAt", "2000-01-01 00:00:00")], ["b1", "b2", "b3"])
q("equal(status, true)", ["equal"], lambda: [bravo(), Query.equal("status", True)], ["b1", "b2", "b3"])
q("equal(emailVerification, [false])", ["equal"], lambda: [bravo(), Query.equal("emailVerification", [False])], ["b1", "b2", "b3"])
q("equal($id)", ["equal"], lambda: [Query.equal("$id", [uid("b1"), uid("b2")])], ["b1", "b2"])
q("isNull(phone)", ["is_null"], lambda: [bravo(), Query.is_null("phone")], ["b1", "b2", "b3"])
q("isNotNull(phone)", ["is_not_null"], lambda: [mine(), Query.is_not_null("phone")], ["a"])
q("orderDesc", ["order_desc"], lambda: [bravo(), Query.order_desc("email")], ["b3", "b2", "b1"])
q("orderAsc", ["order_asc"], lambda: [bravo(), Query.order_asc("email")], ["b1", "b2", "b3"])
q("limit: total counts all", ["limit"], lambda: [bravo(), Query.limit(2)], ["b1", "b2"], 3)
q("offset", ["offset"], lambda: [bravo(), Query.offset(1), Query.limit(1)], ["b2"], 3)
q("cursorAfter", ["cursor_after"], lambda: [bravo(), Query.cursor_after(uid("b1"))], ["b2", "b3"], 3)
q("cursorBefore", ["cursor_before"], lambda: [bravo(), Query.cursor_before(uid("b3"))], ["b1", "b2"], 3)
q("cursorAfter + orderDesc", ["cursor_after"], lambda: [bravo(), Query.order_desc("email"), Query.cursor_after(uid("b3")), Query.limit(1)], ["b2"], 3)
check("list: cursor of an unknown user -> 400", "must", ["Query.cursor_after"], lambda: fails(400, "general_cursor_not_found", lambda: L([Query.cursor_after(uid("none"))])) and None)
check("list: unknown attribute -> 400", "must", ["Query.equal"], lambda: fails(400, BADQ, lambda: L([Query.equal("shoeSize", 4)])) and None)
check("list: negative limit -> 400", "must", ["Query.limit"], lambda: fails(400, BADQ, lambda: L([Query.limit(-1)])) and None)
check("list: not a query -> 400", "must", ["list"], lambda: fails(400, BADQ, lambda: L(["nonsense"])) and None)


def t_odd():
    name = token + " Zo\u00eb, [O'Neil] (\u2116 1) & co? #%"
    call("update_name", user_id=uid("b2"), name=name)
    try: eq(ids(L([Query.equal("name", name)])), [uid("b2")], "ids")
    finally: call("update_name", user_id=uid("b2"), name=token + " Bravo b2")


check("list: value with comma, bracket, apostrophe, non-ASCII", "must", ["Query.equal"], t_odd)


def t_search():
    try:
        l = L([Query.search("name", token)])
    except AppwriteException as e:
        eq(e.code, 400, "error code (%s)" % e.message); ok(e.type in BADQ, "error type %r" % e.type)
        return
    ok(uid("b1") in ids(l), "not found")


check("list: Query.search(name) -> users or 400", "must", ["Query.search"], t_search)
check("list: 101 queries -> 400", "must", ["Query.equal"], lambda: fails(400, "general_argument_invalid", lambda: L([Query.equal("name", token)] * 101)))


def t_labels_q():
    call("update_labels", user_id=uid("b2"), labels=[token + "L", "vip"])
    eq(ids(L([Query.contains("labels", [token + "L"])])), [uid("b2")], "ids")


check("list: contains(labels)", "extra", ["Query.contains"], t_labels_q)
q("or", ["or_queries"], lambda: [Query.or_queries([Query.equal("email", mail("b1")), Query.equal("email", mail("b3"))])], ["b1", "b3"], None, "extra")
q("and", ["and_queries"], lambda: [Query.and_queries([bravo(), Query.equal("email", mail("b3"))])], ["b3"], None, "extra")
q("notBetween", ["not_between"], lambda: [bravo(), Query.not_between("email", mail("b2"), mail("b3"))], ["b1"], None, "extra")
q("createdAfter / createdBefore", ["created_after", "created_before"], lambda: [bravo(), Query.created_after("2000-01-01T00:00:00Z"), Query.created_before("2100-01-01T00:00:00Z")], ["b1", "b2", "b3"], None, "extra")


def t_total():
    if not takes("list", "total"): raise Skip()
    l = call("list", queries=[bravo()], total=False); eq([l["total"], len(l["users"])], [0, 3], "total and length")


check("list: total=false", "extra", ["list"], t_total)


def U(m, test, **args):
    def t():
        test(call(m, user_id=uid("a"), **args)); test(call("get", user_id=uid("a")))
    check(m, "must", [m], t)


U("update_name", lambda u: eq(u["name"], token + " Renamed", "name"), name=token + " Renamed")
check("updateName: 129 chars -> 400", "must", ["update_name"], lambda: fails(400, "general_argument_invalid", lambda: call("update_name", user_id=uid("a"), name="x" * 129)) and None)
check("updateName: unknown user -> 404", "must", ["update_name"], lambda: fails(404, "user_not_found", lambda: call("update_name", user_id=uid("none"), name="x")) and None)
U("update_email_verification", lambda u: eq(u["emailVerification"], True, "emailVerification"), email_verification=True)
U("update_phone_verification", lambda u: eq(u["phoneVerification"], True, "phoneVerification"), phone_verification=True)
U("update_email", lambda u: (eq(u["email"], "new." + mail("a"), "email"), eq(u["emailVerification"], False, "emailVerification is reset")), email="New." + mail("a"))
check("updateEmail: taken -> 409", "must", ["update_email"], lambda: fails(409, ["user_email_already_exists", "user_target_already_exists"], lambda: call("update_email", user_id=uid("a"), email=mail("b1"))) and None)
U("update_phone", lambda u: (eq(u["phone"], tel2, "phone"), eq(u["phoneVerification"], False, "phoneVerification is reset")), number=tel2)
check("updatePhone: taken -> 409", "must", ["update_phone"], lambda: fails(409, ["user_phone_already_exists", "user_target_already_exists"], lambda: call("update_phone", user_id=uid("b1"), number=tel2)) and None)
U("update_password", lambda u: ok(u["password"] != A["password"] and u["password"].startswith("$argon2"), "password hash did not change"), password=P + "-2")
U("update_labels", lambda u: eq(u["labels"], ["vip", "Pro1"], "labels"), labels=["vip", "Pro1", "vip"])
check("updateLabels: clear", "must", ["update_labels"], lambda: eq(call("update_labels", user_id=uid("a"), labels=[])["labels"], [], "labels"))
check("updateLabels: bad label -> 400", "must", ["update_labels"], lambda: fails(400, "general_argument_invalid", lambda: call("update_labels", user_id=uid("a"), labels=["not-ok"])) and None)
U("update_status", lambda u: eq(u["status"], False, "status"), status=False)
check("updateStatus: back to true", "must", ["update_status"], lambda: eq(call("update_status", user_id=uid("a"), status=True)["status"], True, "status"))
prefs = {"theme": "dark", "size": 12, "ratio": 1.5, "on": True, "nothing": None, "nested": {"list": [1, "two", {"three": 3}]}, "\u043a\u043b\u044e\u0447": "\u00dcn\u00ef"}


def P_(x):
    """Typed releases wrap preferences as {data: ...}."""
    x = plain(x)
    if isinstance(x, dict) and set(x) == {"data"}: x = plain(x["data"])
    return x


def prefs_of(m, **kw):
    r = getattr(users, m)(**kw)
    return P_(r.data if hasattr(r, "data") and not isinstance(r, dict) else r)


check("update_prefs", "must", ["update_prefs"], lambda: eq(prefs_of("update_prefs", user_id=uid("a"), prefs=prefs), prefs, "prefs"))
check("get_prefs", "must", ["get_prefs"], lambda: eq(prefs_of("get_prefs", user_id=uid("a")), prefs, "prefs"))
check("get: prefs inside the user", "must", ["get"], lambda: eq(P_(call("get", user_id=uid("a"))["prefs"]), prefs, "prefs"))
check("updatePrefs: {}", "must", ["update_prefs"], lambda: eq(prefs_of("update_prefs", user_id=uid("a"), prefs={}), {}, "prefs"))


def t_upd():
    g = call("get", user_id=uid("a")); ok(g["$updatedAt"] > A["$updatedAt"], "$updatedAt"); eq(g["$createdAt"], A["$createdAt"], "$createdAt")


check("$updatedAt moves", "must", ["get"], t_upd)
check("list_sessions: empty", "must", ["list_sessions"], lambda: eq(call("list_sessions", user_id=uid("b3")), {"total": 0, "sessions": []}, "list"))
check("deleteSession: unknown -> 404", "must", ["delete_session"], lambda: fails(404, "user_session_not_found", lambda: call("delete_session", user_id=uid("b3"), session_id="none")) and None)
check("delete_sessions: none there", "must", ["delete_sessions"], lambda: ok(empty(call("delete_sessions", user_id=uid("b3"))), "answer"))
check("list_memberships: empty", "must", ["list_memberships"], lambda: eq(call("list_memberships", user_id=uid("b3")), {"total": 0, "memberships": []}, "list"))


def t_logs():
    s = call("list_logs", user_id=uid("a")); ok(isinstance(s["total"], int) and isinstance(s["logs"], list), str(s)[:80])


check("list_logs", "must", ["list_logs"], t_logs)
def t_log_rows():
    s = call("list_logs", user_id=uid("a")); ok(s["total"] > 5 and len(s["logs"]) > 5, "total %s" % s["total"])
    row = plain(s["logs"][0])
    for k in ("event", "ip", "time", "mode"): ok(isinstance(row[k], str) and row[k], "%s: %r" % (k, row[k]))


check("listLogs: what was done to the user", "must", ["list_logs"], t_log_rows)
check("listLogs: limit and offset", "must", ["list_logs"], lambda: ok(len(call("list_logs", user_id=uid("a"), queries=[Query.limit(1), Query.offset(1)])["logs"]) <= 1, "length"))
check("list_identities", "must", ["list_identities"], lambda: eq(call("list_identities", queries=[Query.equal("userId", uid("a"))]), {"total": 0, "identities": []}, "list"))
check("deleteIdentity: unknown -> 404", "must", ["delete_identity"], lambda: fails(404, "user_identity_not_found", lambda: call("delete_identity", identity_id="none")) and None)


# ---- a user with rows in every list
def texts(row, keys):
    for k in keys: ok(isinstance(row[k], str), "%s: %r" % (k, row[k]))


def rows(m, key, **kw):
    l = call(m, **kw)
    eq(l["total"], len(l[key]), "total")
    return [plain(row) for row in l[key]]


def t_session():
    s, = rows("list_sessions", "sessions", user_id=RICH)
    eq([s[k] for k in ("userId", "provider", "current")], [RICH, "server", False], "userId, provider, current")
    texts(s, ("$createdAt", "expire", "ip", "osName", "clientName", "deviceName", "countryCode", "countryName"))
    ok(empty(call("delete_session", user_id=RICH, session_id=s["$id"])), "answer")
    eq(rows("list_sessions", "sessions", user_id=RICH), [], "afterwards")


def t_memberships():
    m, = rows("list_memberships", "memberships", user_id=RICH)
    eq([m[k] for k in ("$id", "userId", "userName", "userEmail", "teamId", "teamName", "roles", "confirm")],
       [RICH + ".member", RICH, "Rows " + RICH, RICH + "@example.org", RICH + ".team", "Team of " + RICH, ["owner", "reader"], True], "membership")
    for k in ("$createdAt", "$updatedAt", "invited", "joined"): ok(ISO.match(m[k]), "%s: %s" % (k, m[k]))


def t_memberships_q():
    if not takes("list_memberships", "queries"): raise Skip()
    for role, total in (("reader", 1), ("writer", 0)):
        eq(len(rows("list_memberships", "memberships", user_id=RICH, queries=[Query.equal("confirm", True), Query.contains("roles", [role])])), total, "total of " + role)


def identities(*queries):
    return rows("list_identities", "identities", queries=list(queries))


def t_identities():
    l = identities(Query.equal("userId", RICH), Query.order_asc("providerUid"))
    eq([[i[k] for k in ("$id", "userId", "provider", "providerUid", "providerEmail")] for i in l],
       [[RICH + ".id1", RICH, "github", RICH + "-1", "uid1.%s@example.org" % RICH], [RICH + ".id2", RICH, "google", RICH + "-2", "uid2.%s@example.org" % RICH]], "identities")
    for i in l: texts(i, ("$createdAt", "$updatedAt", "providerAccessToken", "providerAccessTokenExpiry", "providerRefreshToken"))
    eq([i["$id"] for i in identities(Query.equal("providerEmail", "uid2.%s@example.org" % RICH))], [RICH + ".id2"], "ids by email")


def t_del_identity():
    ok(empty(call("delete_identity", identity_id=RICH + ".id1")), "answer")
    eq([i["$id"] for i in identities(Query.equal("userId", RICH))], [RICH + ".id2"], "ids")
    fails(404, "user_identity_not_found", lambda: call("delete_identity", identity_id=RICH + ".id1"))


def t_every_hash():
    """Users of every way to store a password in one page, each with what is shown of it."""
    l = call("list", queries=[mine(), Query.is_not_null("passwordUpdate"), Query.limit(100)])
    kinds = {plain(u)["hash"] for u in l["users"]}
    ok({"argon2", "bcrypt", "md5", "phpass", "sha", "scrypt", "scryptMod"} <= kinds, "hashes: %s" % sorted(map(str, kinds)))
    for u in l["users"]: eq((plain(u).get("hashOptions") or {}).get("type"), plain(u)["hash"], "hashOptions.type")


check("list: a page of users with every kind of hash", "must", ["list"], t_every_hash)
check("listSessions, deleteSession: one that is there", "must", ["list_sessions", "delete_session"], t_session)
check("listMemberships: the team of a user", "must", ["list_memberships"], t_memberships)
check("listMemberships: queries", "extra", ["list_memberships"], t_memberships_q)
check("listIdentities: those of a user", "must", ["list_identities"], t_identities)
check("deleteIdentity", "must", ["delete_identity"], t_del_identity)

for _, h, _, _ in HASHED:
    def t(h=h):
        acc = Account(client())
        m = next((x for x in ("create_email_password_session", "create_email_session") if hasattr(acc, x)), None)
        if not m: raise Skip()
        s = plain(getattr(acc, m)(mail(h), P)); eq(s["userId"], uid(h), "userId")
        eq(call("get", user_id=uid(h))["hash"], "argon2", "hash after log-in")
    check("log in with the %s password" % h, "extra", [], t)


def with_session(x):
    c = client()
    if not hasattr(c, "set_session"): raise Skip()
    return Account(c.set_session(call("create_session", user_id=uid(x))["secret"]))


def account(acc):
    return plain(acc.get())


def t_client():
    acc = with_session("b1"); eq(account(acc)["$id"], uid("b1"), "$id")
    acc.update_prefs({"from": "account"}); eq(prefs_of("get_prefs", user_id=uid("b1")), {"from": "account"}, "prefs")
    l = call("list_sessions", user_id=uid("b1")); eq(l["total"], 1, "total"); call("delete_session", user_id=uid("b1"), session_id=plain(l["sessions"][0])["$id"])
    fails(401, None, acc.get)


def t_blocked():
    acc = with_session("b2")
    call("update_status", user_id=uid("b2"), status=False); fails(403, "user_blocked", acc.get)
    call("update_status", user_id=uid("b2"), status=True); eq(account(acc)["$id"], uid("b2"), "$id")
    call("delete_sessions", user_id=uid("b2"))


def t_signup():
    if not hasattr(Account, "create"): raise Skip()
    u = plain(Account(client()).create(uid("new"), mail("new"), P, token + " New")); made.append(uid("new"))
    eq(u["$id"], uid("new"), "$id"); ok(not u.get("password"), "password is shown to the client"); eq(call("get", user_id=uid("new"))["email"], mail("new"), "email")


def t_team():
    teams, team = Teams(client(key=KEY)), uid("team")
    teams.create(team, token + " Team")
    try:
        m = plain(teams.create_membership(team, ["owner"], user_id=uid("b1"))); eq([m["userId"], m["confirm"]], [uid("b1"), True], "userId and confirm")
        l = call("list_memberships", user_id=uid("b1")); row = plain(l["memberships"][0])
        eq([l["total"], row["$id"], row["teamName"], row["roles"]], [1, m["$id"], token + " Team", ["owner"]], "list")
    finally:
        teams.delete(team)
    eq(call("list_memberships", user_id=uid("b1"))["total"], 0, "total after the team is gone")


check("session of a client: account.get, prefs, listSessions", "extra", ["create_session"], t_client)
check("JWT of a client: account.get", "extra", ["create_jwt"], lambda: eq(account(Account(client().set_jwt(call("create_jwt", user_id=uid("b1"))["jwt"])))["$id"], uid("b1"), "$id"))
check("blocked user: sessions answer 403, and work again after", "extra", ["create_session"], t_blocked)
check("sign-up by a client, seen by get", "extra", [], t_signup)
check("team membership, seen by list_memberships", "extra", [], t_team)


def t_sess():
    s = call("create_session", user_id=uid("b1")); eq(s["userId"], uid("b1"), "userId"); ok(len(s["secret"]) > 8, "secret")
    l = call("list_sessions", user_id=uid("b1")); eq([l["total"], l["sessions"][0]["$id"]], [1, s["$id"]], "list")
    call("delete_session", user_id=uid("b1"), session_id=s["$id"]); eq(call("list_sessions", user_id=uid("b1"))["total"], 0, "total after delete")
    call("create_session", user_id=uid("b1")); call("delete_sessions", user_id=uid("b1")); eq(call("list_sessions", user_id=uid("b1"))["total"], 0, "total after delete")


check("create_session, delete_session(s)", "extra", ["create_session"], t_sess)
check("create_token", "extra", ["create_token"], lambda: eq(len(call("create_token", user_id=uid("b1"), length=12, expire=120)["secret"]), 12, "secret length"))


def t_jwt():
    p = call("create_jwt", user_id=uid("b1"), duration=60)["jwt"].split(".")[1]
    eq(json.loads(base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)))["userId"], uid("b1"), "userId in the token")


check("create_jwt", "extra", ["create_jwt"], t_jwt)


def t_targets():
    l = call("list_targets", user_id=uid("b1")); eq([l["total"], l["targets"][0]["identifier"]], [1, mail("b1")], "list")
    T = call("create_target", user_id=uid("b1"), target_id=ID.unique(), provider_type=MessagingProviderType("email"), identifier="t." + mail("b1"), name="second")
    eq([T["userId"], T["identifier"], T["name"]], [uid("b1"), "t." + mail("b1"), "second"], "target")
    eq(call("get_target", user_id=uid("b1"), target_id=T["$id"])["identifier"], "t." + mail("b1"), "identifier")
    eq(call("update_target", user_id=uid("b1"), target_id=T["$id"], identifier="u." + mail("b1"))["identifier"], "u." + mail("b1"), "identifier")
    call("delete_target", user_id=uid("b1"), target_id=T["$id"])
    fails(404, "user_target_not_found", lambda: call("get_target", user_id=uid("b1"), target_id=T["$id"]))


check("targets: list, create, get, update, delete", "extra", ["create_target"], t_targets)
check("update_mfa", "extra", ["update_mfa"], lambda: eq([call("update_mfa", user_id=uid("b1"), mfa=x)["mfa"] for x in (True, False)], [True, False], "mfa"))
check("list_mfa_factors", "extra", ["list_mfa_factors"], lambda: eq(call("list_mfa_factors", user_id=uid("b1"))["totp"], False, "totp"))


def t_codes():
    c = call("create_mfa_recovery_codes", user_id=uid("b1"))["recoveryCodes"]; eq(len(c), 6, "number of codes")
    eq(call("get_mfa_recovery_codes", user_id=uid("b1"))["recoveryCodes"], c, "codes"); ok(call("update_mfa_recovery_codes", user_id=uid("b1"))["recoveryCodes"] != c, "codes did not change")


check("mfa recovery codes: create, get, update", "extra", ["create_mfa_recovery_codes"], t_codes)


def refused(m, **kw):
    """For a method of which only the refusal can be shown, because nothing that a key may do makes what it works on."""
    try:
        call(m, user_id=uid("b1"), **kw)
    except AppwriteException as e:
        ok(e.code in (401, 404) and e.type.startswith("user_"), "error %s %s (%s)" % (e.code, e.type, e.message))
        calls[m] = True
        return
    raise AssertionError(m + ": no error")


check("delete_mfa_authenticator: none there", "extra", ["delete_mfa_authenticator"], lambda: refused("delete_mfa_authenticator", type="totp"))
check("get_mfa_challenge: none there", "extra", ["get_mfa_challenge"], lambda: refused("get_mfa_challenge", challenge_id="none"))
check("update_impersonator", "extra", ["update_impersonator"], lambda: eq(call("update_impersonator", user_id=uid("b1"), impersonator=True)["impersonator"], True, "impersonator"))
check("list_passkeys", "extra", ["list_passkeys"], lambda: eq(call("list_passkeys", user_id=uid("b1"))["total"], 0, "total"))
check("get_passkey: none there", "extra", ["get_passkey"], lambda: refused("get_passkey", passkey_id="none"))
check("update_passkey: none there", "extra", ["update_passkey"], lambda: refused("update_passkey", passkey_id="none", name="x"))
check("delete_passkey: none there", "extra", ["delete_passkey"], lambda: refused("delete_passkey", passkey_id="none"))


def t_del():
    ok(empty(call("delete", user_id=uid("a"))), "answer"); made.remove(uid("a"))
    fails(404, "user_not_found", lambda: call("get", user_id=uid("a")))


check("delete", "must", ["delete"], t_del)
check("delete: again -> 404", "must", ["delete"], lambda: fails(404, "user_not_found", lambda: call("delete", user_id=uid("a"))) and None)
for x in made:
    try: call("delete", user_id=x)
    except Exception: pass
h = getattr(raw.client, "_global_headers", {})
print(json.dumps(dict(sdk=VERSION, methods=METHODS, format=next((v for k, v in h.items() if k.lower() == "x-appwrite-response-format"), ""), results=results)))
