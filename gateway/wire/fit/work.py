"""PURE: one request while it is fitted to a model: what it is held against, and what was done so far."""

from typing import Any

import msgspec

from gateway.call.fit import Adjustment
from gateway.call.places import Places, member_of
from gateway.catalogue.capability import Capability
from gateway.catalogue.rules import Action, Actions
from gateway.conversation import Block, Conversation, Json
from gateway.refusals import Refusal


class Work:
    """Steps read and replace `conversation`, never change what is in it: it may be fitted anew, to another model."""

    def __init__(
        self,
        conversation: Conversation,
        capability: Capability,
        actions: Actions,
        *,
        wire_format: str,
        places: Places | None = None,
        is_own: bool = False,
    ) -> None:
        self.conversation = conversation
        self.capability = capability
        self.wire_format = wire_format
        self.is_own = is_own
        self.adjustments: list[Adjustment] = []
        self.uses: list[tuple[str, str]] = []
        """(rule, action) of each breach, to be counted."""
        self.lifetimes_dropped: set[int] = set()
        """Cache points, by identity, that lose their lifetime."""
        self.original_names: dict[str, str] = {}
        """Of tools, by the alias that the model is given."""
        self._given = conversation
        self._by_number: dict[int, tuple[int, int]] | None = None
        self._places = places if places is not None else Places()
        self.actions = actions
        self._actions = actions.own if is_own else actions.usual

    def breaks(
        self, rule: str, where: str, told: str, words: str = "", *, code: str = "invalid_request"
    ) -> bool:
        """Whether the breach of a rule is to be repaired; if not, it passes.

        Refusal invalid_request where it is not to be sent: in Bedrock's `words` at Bedrock's own entrance, else as `told`.
        """
        action = self._actions[rule]
        self.uses.append((rule, action.value))
        if action is Action.REFUSE:
            raise self.refusal(where, told, words, code=code)
        return action is Action.REPAIR

    def refusal(self, where: str, told: str, words: str = "", *, code: str = "invalid_request") -> Refusal:
        """A refusal that names the caller's place."""
        return Refusal(code, words if self.is_own and words else f"{where}: {told}", param=where)

    @property
    def thinking(self) -> Json:
        """How the model is asked to think; empty where it is not."""
        found = (self.conversation.additional_model_request_fields or {}).get("thinking")
        return found if isinstance(found, dict) else {}

    @property
    def thinks(self) -> bool:
        """Whether the model is asked to think."""
        return self.thinking.get("type") in ("enabled", "adaptive")

    @property
    def words_on_names(self) -> str:
        """What Bedrock says of names and IDs of tools."""
        return self._places.words_on_names

    def say(self, member: str, what: str, value: str = "") -> None:
        """Notes what was changed, for the caller and the record."""
        self.adjustments.append(Adjustment(member, what, value))

    def member(self, name: str) -> str:
        """What the caller calls a member of the request."""
        return member_of(name, self.wire_format)

    def change(self, **members: Any) -> None:
        """Replaces members of the conversation."""
        self.conversation = msgspec.structs.replace(self.conversation, **members)

    def changed(self, block: Block, **members: Any) -> Block:
        """A block with other members, which stands where it stood at the caller."""
        return self.moved(msgspec.structs.replace(block, **members), block)

    def moved(self, block: Block, of: Block) -> Block:
        """A new block that is told of at the place of another."""
        return self._places.note(block, self.where(of))

    def where(self, block: Block) -> str:
        """Where a block stands at the caller: `messages[3].content[1]`, or in Bedrock's own way `messages.3.content.1`."""
        found = self._places.of(block)
        if found is not None:
            return found
        if self._by_number is None:
            self._by_number = {
                id(each): (number, part)
                for number, message in enumerate(self._given.messages)
                for part, each in enumerate(message.content)
            }
        place = self._by_number.get(id(block))
        if place is None:
            return "messages"
        return (
            "messages.{}.content.{}".format(*place)
            if self.is_own
            else "messages[{}].content[{}]".format(*place)
        )
