"""PURE: prompts as texts with marks of who speaks, taken apart into turns: Converse puts such marks in by itself.

Sources: "Model Cards and Prompt formats" of Llama 2, 3 and 4; "Tokenization: chat templates" in Mistral's documentation.
"""

import re

Turns = list[tuple[str, str]]
"""(role, text): system, user or assistant."""

_LLAMA = re.compile(
    r"<\|(?:start_header_id|header_start)\|>\s*(\w+)\s*<\|(?:end_header_id|header_end)\|>(.*?)"
    r"(?=<\|eot_id\|>|<\|eot\|>|<\|eom_id\|>|<\|(?:start_header_id|header_start)\|>|\Z)",
    re.DOTALL,
)
_INST = re.compile(r"\[INST\](.*?)\[/INST\]((?:(?!\[INST\]).)*)", re.DOTALL)
_SYSTEM = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)
_MARKS = re.compile(r"<\|begin_of_text\|>|<\|end_of_text\|>|</?s>")


def turns_of(prompt: str) -> Turns:
    """The turns of a prompt. One without marks is the user's. The last may be the beginning of the answer."""
    if "<|start_header_id|>" in prompt or "<|header_start|>" in prompt:
        return _nonblank([(_role(role), text.strip()) for role, text in _LLAMA.findall(prompt)])
    if "[INST]" in prompt and "[/INST]" in prompt:
        return _nonblank(_of_instructions(prompt))
    return [("user", _MARKS.sub("", prompt))]


def _role(name: str) -> str:
    return name if name in ("system", "assistant") else "user"


def _of_instructions(prompt: str) -> Turns:
    turns: Turns = []
    before = _MARKS.sub("", prompt[: prompt.index("[INST]")]).strip()
    if before:
        turns.append(("user", before))
    for asked, answered in _INST.findall(prompt):
        system = _SYSTEM.match(asked)
        if system is not None:
            turns.append(("system", system[1].strip()))
            asked = asked[system.end() :]
        turns += [("user", asked.strip()), ("assistant", _MARKS.sub("", answered).strip())]
    return turns


def _nonblank(turns: Turns) -> Turns:
    return [(role, text) for role, text in turns if text]
