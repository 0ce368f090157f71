"""What the guarded route of Flask does with a session, and with every method."""

import flask

from adapters import HMAC, KEY
from identity_hmac import User
from identity_hmac.flask import chat_identity_blueprint
from routes import PATH, QUERY


def test_a_blueprint_sees_the_session_that_flask_s_own_log_in_set() -> None:
    def current_user() -> User | None:
        user_id = flask.session.get("user_id")
        return User(user_id) if user_id else None

    app = flask.Flask(__name__)
    app.secret_key = "of the session's cookie"
    blueprint = chat_identity_blueprint(KEY, current_user)
    app.register_blueprint(blueprint, url_prefix="/shop", name="chat")
    client = app.test_client()
    for method in ("GET", "POST", "OPTIONS", "PURGE"):
        assert client.open(f"/shop{PATH}?{QUERY}", method=method).status_code == 401
    with client.session_transaction() as session:
        session["user_id"] = "user_123"
    response = client.get(f"/shop{PATH}?{QUERY}")
    assert (response.status_code, response.json) == (200, {"hmac": HMAC})
    assert response.headers.getlist("Vary") == ["Cookie"]
    response = client.open(f"/shop{PATH}", method="PURGE")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
