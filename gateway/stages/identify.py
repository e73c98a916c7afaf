from dataclasses import replace

from gateway.call import Call
from gateway.call.identity import chosen
from kernel.tags import kept_tag, unkeyed_tag


def identify(call: Call) -> None:
    """Whom the call is made for, and in which session: by our own headers, or by what the team's mapping reads.

    Kept as it is where it is nobody's data, else as a placeholder that is the same each time: from here on nothing knows
    what was typed.
    """
    request, team = call.request, call.key.team
    end_user, session = request.end_user, request.session
    if request.said_by:
        end_user = end_user or chosen(request.said_by, "end_user", team.end_user_from)
        session = session or chosen(request.said_by, "session", team.session_from)
    if not (end_user or session or request.feature or request.has_own_id):
        return
    key = team.placeholder_key
    call.request = replace(
        request,
        end_user=kept_tag(end_user, key, is_person=True),
        session=kept_tag(session, key, is_person=True),
        feature=kept_tag(request.feature, key),
        request_id=kept_tag(request.request_id, key) if request.has_own_id else request.request_id,
    )


def forget_names(call: Call) -> None:
    """The same for a call of nobody's: there is no team to know its people again."""
    request = call.request
    call.request = replace(
        request,
        end_user=unkeyed_tag(request.end_user, is_person=True),
        session=unkeyed_tag(request.session, is_person=True),
        feature=unkeyed_tag(request.feature),
        request_id=unkeyed_tag(request.request_id),
    )
