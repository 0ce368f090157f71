"""The cases of route.json: what the guarded route answers, with proofs made from Python's hmac."""

import hashlib
import hmac
import json
from urllib.parse import quote

import identity_token
from identity_token import CURRENT, NOW

COMMENT = [
    "Test vectors of the guarded route, which answers a page that asks for its visitor's proof.",
    "Written by tests/vectors/generate.py; change route.py beside it, not this file.",
    "Each case has a kind and a name. Of its route it has the key, which is the secret under key",
    "or the identity token key under token_key, the time now in seconds since the epoch, and",
    "under visitor_ids the visitor ids that are signed (absent: every UUID in lower case).",
    "Of its request it has the method, the query string, the header Sec-Fetch-Site under",
    "sec_fetch_site (null: none), and under remaining_path what follows the route's own path.",
    "Of its user it has the external_id, and name, email and metadata: what is absent is not set,",
    "and null clears. The user null is nobody.",
    "answered: the answer has this status, these headers and this body, letter for letter. The",
    "body of the answer to HEAD is the one that the server leaves out.",
    "not_answered: there is no answer but an error with this code and, if it is about a claim,",
    "this field.",
    "user_refused: there is no such user, but an error with this code and this field.",
    "A suite that meets a kind it does not know must fail.",
]

SECRET = "s3cret"
VISITOR = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e90"
OTHER = "0190f7a2-7c4e-7b1a-9d55-3f1c2b6a8e91"
JANE = {"external_id": "user_123"}
PROBLEMS = {
    400: ("Bad Request", "send one visitorId, a UUID"),
    401: ("Unauthorized", "log in first"),
    403: ("Forbidden", "only pages of this site may ask"),
    404: ("Not Found", "there is nothing here"),
    405: ("Method Not Allowed", "the method is not allowed here"),
}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def answer(status, content_type, body):
    headers = {"content-type": content_type, "cache-control": "no-store", "vary": "Cookie"}
    return {"status": status, "headers": headers, "body": compact(body)}


def problem(status, detail=None):
    title, usual = PROBLEMS[status]
    document = {"title": title, "status": status, "detail": detail or usual}
    answered = answer(status, "application/problem+json", document)
    if status == 405:
        answered["headers"]["allow"] = "GET, HEAD"
    return answered


def with_hmac(visitor_id=VISITOR):
    tag = hmac.new(SECRET.encode(), visitor_id.encode(), hashlib.sha256).hexdigest()
    return answer(200, "application/json", {"hmac": tag})


def with_token(external_id, visitor_id=VISITOR, **attributes):
    claims = identity_token.payload(sub=external_id, visitorId=visitor_id, **attributes)
    return answer(200, "application/json", {"token": identity_token.token(claims)})


def case(kind, name, /, user=JANE, token_key=None, visitor_ids=None, expected=None, **given):
    request = {
        "method": "GET",
        "query": f"visitorId={VISITOR}",
        "sec_fetch_site": "same-origin",
        "remaining_path": "",
    }
    assert given.keys() <= request.keys(), given
    key = {"token_key": token_key} if token_key else {"key": SECRET}
    ids = {} if visitor_ids is None else {"visitor_ids": visitor_ids}
    route = {"kind": kind, "name": name, **key, "now": NOW, **ids}
    return {**route, "user": user, "request": request | given, **(expected or {})}


def answered(name, expected, **given):
    return case("answered", name, expected={"answer": expected}, **given)


def proof_cases():
    yield answered("the hmac of a visitor", with_hmac())
    yield answered("the token of a visitor", with_token("user_123"), token_key=CURRENT)
    everything = {"name": "Zoë", "email": "zoe@example.com", "metadata": {"plan": "pro"}}
    yield answered(
        "a token with the attributes of the user",
        with_token("user_456", **everything),
        token_key=CURRENT,
        user={"external_id": "user_456", **everything},
    )
    cleared = {"name": None, "email": None, "metadata": None}
    yield answered(
        "a token that clears the attributes of the user",
        with_token("user_123", **cleared),
        token_key=CURRENT,
        user=JANE | cleared,
    )
    yield answered("an hmac says nothing of the user", with_hmac(), user=JANE | everything)
    yield answered(
        "an hmac for a user whose attributes no token could have",
        with_hmac(),
        user=JANE | {"email": "jane"},
    )
    yield answered("HEAD is answered as GET", with_hmac(), method="HEAD")


def user_cases():
    for name, given in {
        "with a visitor id": {},
        "without a query": {"query": ""},
        "with another method": {"method": "POST"},
        "from another site": {"sec_fetch_site": "cross-site"},
        "with a remaining path": {"remaining_path": "/any"},
        "for a token": {"token_key": CURRENT},
    }.items():
        yield answered(f"nobody is logged in, {name}", problem(401), user=None, **given)
    for name, external_id in {
        "an empty": "",
        "a blank": " \t",
        "a long": "u" * 257,
    }.items():
        fields = {"code": "invalid_claim", "field": "sub"}
        user = {"external_id": external_id}
        yield {"kind": "user_refused", "name": f"{name} external id", "user": user, **fields}
    for name, user, field in (
        ("an e-mail address without a host", JANE | {"email": "jane"}, "email"),
        ("a blank name", JANE | {"name": " "}, "name"),
        ("a NUL in the external id", {"external_id": "user\0"}, "sub"),
    ):
        yield case(
            "not_answered",
            name,
            token_key=CURRENT,
            user=user,
            expected={"code": "invalid_claim", "field": field},
        )
    yield case(
        "not_answered",
        "metadata beyond the length of a token",
        token_key=CURRENT,
        user=JANE | {"metadata": {"text": "x" * 8192}},
        expected={"code": "token_too_long", "field": None},
    )


def request_cases():
    for path in ("/", "/any", "/any/more", "//"):
        yield answered(f"the remaining path {path}", problem(404), remaining_path=path)
    yield answered(
        "a remaining path before a method", problem(404), method="PUT", remaining_path="/"
    )
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "get", "GET ", ""):
        yield answered(f"the method {method!r}", problem(405), method=method)
    yield answered(
        "a method before a site", problem(405), method="POST", sec_fetch_site="cross-site"
    )
    for site in ("same-origin", "same-site", "none", None):
        yield answered(f"Sec-Fetch-Site: {site}", with_hmac(), sec_fetch_site=site)
    for site in (
        "cross-site",
        "Same-Origin",
        "same-origin, cross-site",
        "same-origin, same-origin",
        "unheard-of",
        " same-origin",
        "",
    ):
        yield answered(f"Sec-Fetch-Site: {site!r}", problem(403), sec_fetch_site=site)
    yield answered("a site before a query", problem(403), query="", sec_fetch_site="cross-site")


def query_cases():
    for name, query in {
        "beside other parameters": f"a=1&visitorId={VISITOR}&b=2",
        "between empty parameters": f"&&visitorId={VISITOR}&",
        "every character escaped": "visitorId=" + "".join(f"%{ord(c):02x}" for c in VISITOR),
        "the name escaped": f"visitor%49d={VISITOR}",
        "beside similar names": f"visitorid=1&visitorIds=2&xvisitorId=3&visitorId={VISITOR}",
        "beside escapes that are none": f"a=%&b=%zz&visitorId={VISITOR}&c=%f",
        "beside bytes that are not UTF-8": f"a=%ff&visitorId={VISITOR}",
        "a semicolon separates nothing": f"a=1;visitorId=x&visitorId={VISITOR}",
    }.items():
        yield answered(f"a visitor id {name}", with_hmac(), query=query)

    both = f"visitorId={VISITOR}"
    for name, query in {
        "no query": "",
        "no visitor id": "visitor=1",
        "a name in lower case": f"visitorid={VISITOR}",
        "a name with an underscore": f"visitor_id={VISITOR}",
        "no value": "visitorId",
        "an empty value": "visitorId=",
        "the same visitor id twice": f"{both}&{both}",
        "two visitor ids": f"{both}&visitorId={OTHER}",
        "a visitor id and an empty one": f"{both}&visitorId=",
        "a visitor id and one without a value": f"visitorId&{both}",
        "a second visitor id with an escaped name": f"{both}&%76isitorId={OTHER}",
        "a list": f"visitorId[]={VISITOR}",
        "a list with escaped brackets": f"visitorId%5B%5D={VISITOR}",
        "a list of two": f"visitorId[]={VISITOR}&visitorId[]={OTHER}",
        "a visitor id and a list": f"{both}&visitorId[]={OTHER}",
        "a list and a visitor id": f"visitorId%5b%5D={OTHER}&{both}",
        "a member": f"visitorId[id]={VISITOR}",
        "a visitor id and an item of a list": f"{both}&visitorId[0]={OTHER}",
        "the ? of the URL": f"?{both}",
        "a semicolon behind it": f"{both};",
        "a space in front": f"visitorId=+{VISITOR}",
        "a space behind": f"{both}%20",
        "a line end behind": f"{both}%0A",
        "a NUL behind": f"{both}%00",
        "upper case": f"visitorId={VISITOR.upper()}",
        "one letter in upper case": f"visitorId={VISITOR.replace('f', 'F', 1)}",
        "no hyphens": f"visitorId={VISITOR.replace('-', '')}",
        "hyphens alone": f"visitorId={'-' * 36}",
        "hyphens in other places": "visitorId=0190f7a27-c4e-7b1a-9d55-3f1c2b6a8e90",
        "spaces for hyphens": f"visitorId={VISITOR.replace('-', '+')}",
        "braces": f"visitorId=%7B{VISITOR}%7D",
        "a URN": f"visitorId=urn:uuid:{VISITOR}",
        "a digit too few": f"visitorId={VISITOR[:-1]}",
        "a digit too many": f"visitorId={VISITOR}0",
        "a letter beyond f": f"visitorId={VISITOR[:-1]}g",
        "a full-width digit": f"visitorId={VISITOR[:-1]}{quote('０')}",
        "a byte that is not UTF-8": f"visitorId={VISITOR[:-1]}%ff",
        "escaped twice": f"visitorId={VISITOR.replace('-', '%252d')}",
        "an unfinished escape": f"{both}%2",
        "the signed part of a token": "visitorId=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9",
        "another visitor's id behind a comma": f"{both},{OTHER}",
        "JSON": quote(json.dumps({"visitorId": VISITOR})),
    }.items():
        yield answered(f"refused: {name}", problem(400), query=query)
    yield answered(
        "refused for a token: upper case",
        problem(400),
        token_key=CURRENT,
        query=f"visitorId={VISITOR.upper()}",
    )


def visitor_id_cases():
    ids = ["visitor_1", "zoë", "a b+c%", "", "x" * 256, "x" * 257, "a\0b", "a\nb", "\ufffd"]
    detail = "send one visitorId, as the chat gave it"

    def own(name, expected, visitor_id, **given):
        return answered(name, expected, visitor_ids=ids, query=f"visitorId={visitor_id}", **given)

    yield own("an id of the chat's own", with_hmac("visitor_1"), "visitor_1")
    yield own("an id beyond ASCII", with_hmac("zoë"), quote("zoë"))
    yield own("an id with escapes", with_hmac("a b+c%"), "a+b%2Bc%25")
    yield own("the longest id", with_hmac("x" * 256), "x" * 256)
    yield own(
        "a token for an id of the chat's own",
        with_token("user_123", "visitor_1"),
        "visitor_1",
        token_key=CURRENT,
    )
    for name, visitor_id in {
        "a UUID that is not one of them": VISITOR,
        "another id": "visitor_2",
        "an empty id": "",
        "an id that is too long": "x" * 257,
        "a NUL": "a%00b",
        "a line end": "a%0ab",
        "a byte that is not UTF-8": "%ff",
    }.items():
        refused = problem(400, detail)
        yield own(f"refused among ids of the chat's own: {name}", refused, visitor_id)
    yield own(
        "refused among ids of the chat's own: two", problem(400, detail), "visitor_1&visitorId=zo"
    )


def cases():
    yield from proof_cases()
    yield from user_cases()
    yield from request_cases()
    yield from query_cases()
    yield from visitor_id_cases()
