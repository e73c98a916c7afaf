from dataclasses import replace

from gateway.call import Call
from gateway.call.identity import chosen
from kernel.tags import kept_tag


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
    if not (end_user or session or request.feature):
        return
    call.request = replace(
        request,
        end_user=kept_tag(end_user, team.placeholder_key, is_person=True),
        session=kept_tag(session, team.placeholder_key),
        feature=kept_tag(request.feature, team.placeholder_key),
    )
