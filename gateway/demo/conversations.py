"""PURE: what the demonstration's applications talk about. Personal data is masked already, as it would be stored."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, in blocks of Bedrock's Converse shape."""

    system: str
    user: str
    answer: str
    findings: tuple[str, ...] = ()
    tool: tuple[str, tuple[tuple[str, str], ...]] | None = None

    def request(self) -> dict[str, Any]:
        """The conversation as the model saw it."""
        return {
            "system": [{"text": self.system}],
            "messages": [{"role": "user", "content": [{"text": self.user}]}],
            "inferenceConfig": {"maxTokens": 1024},
        }

    def answer_blocks(self) -> list[dict[str, Any]]:
        """The content blocks of the answer."""
        blocks: list[dict[str, Any]] = [{"text": self.answer}]
        if self.tool is not None:
            name, arguments = self.tool
            blocks.append({"toolUse": {"toolUseId": "tooluse_demo", "name": name, "input": dict(arguments)}})
        return blocks


_HELP_DESK = "You answer customers of a web shop. Be brief and friendly. Never promise a date."
_TRIAGE = "Classify the ticket: billing, delivery, defect or other. Answer with the class and one sentence."
_PAPERS = "Summarise research papers for engineers. Name the method, the data and the main limitation."
_DATA = "You turn questions into SQL for the analytics warehouse and explain the result in plain words."
_PORTAL = "You help the company's developers with their build pipelines and internal libraries."

EXCHANGES: dict[str, tuple[Exchange, ...]] = {
    "Help desk assistant": (
        Exchange(
            _HELP_DESK,
            "Hello. My parcel should have come on Monday. You can reach me at "
            "<EMAIL_ADDRESS_3f2a9c> or <PHONE_NUMBER_7b10e4>.",
            "I am sorry that your parcel is late. I have asked the carrier where it is, and "
            "we will write to <EMAIL_ADDRESS_3f2a9c> as soon as we know more.",
            ("EMAIL_ADDRESS", "PHONE_NUMBER"),
            ("track_parcel", (("email", "<EMAIL_ADDRESS_3f2a9c>"),)),
        ),
        Exchange(
            _HELP_DESK,
            "I paid twice, once with card <CREDIT_CARD_c41f07> and once from <IBAN_CODE_5a3be9>. What now?",
            "Thank you for telling us. The second payment goes back to where it came from by itself. Should it not "
            "have arrived after ten days, please answer this message and we will look into it.",
            ("CREDIT_CARD", "IBAN_CODE"),
        ),
        Exchange(
            _HELP_DESK,
            "Can I change the size of the jacket in an order I placed an hour ago?",
            "Yes, as long as the order has not been packed. Open “My orders”, choose the order and then “Change”. "
            "If the button is grey, the jacket is on its way already and an exchange is free of charge.",
        ),
        Exchange(
            _HELP_DESK,
            "Please send the invoice again, to <EMAIL_ADDRESS_d20b6f> this time.",
            "Gladly. The invoice is on its way to <EMAIL_ADDRESS_d20b6f>. You also find all invoices under “My orders”.",
            ("EMAIL_ADDRESS",),
            ("send_invoice", (("to", "<EMAIL_ADDRESS_d20b6f>"),)),
        ),
    ),
    "Ticket triage": (
        Exchange(
            _TRIAGE,
            "Subject: charged after cancelling\n\nI cancelled in September and was charged again. "
            "Account: <IBAN_CODE_88f1c2>.",
            "billing. The customer was charged after a cancellation and asks for the money back.",
            ("IBAN_CODE",),
        ),
        Exchange(
            _TRIAGE,
            "Subject: screen flickers\n\nThe display flickers whenever the charger is plugged in.",
            "defect. The display flickers while charging; a replacement charger is worth a try first.",
        ),
        Exchange(
            _TRIAGE,
            "Subject: where is it?\n\nTracking has said “in transit” for nine days. Call me: <PHONE_NUMBER_2e9d51>.",
            "delivery. The parcel has shown no movement for nine days and the customer wants a call.",
            ("PHONE_NUMBER",),
        ),
    ),
    "Paper summaries": (
        Exchange(
            _PAPERS,
            "Summarise the attached paper on speculative decoding in five sentences.",
            "A small model drafts several tokens and the large one checks them in one pass. Accepted tokens are "
            "exactly those the large model would have produced, so quality does not change. Two to three times the "
            "speed is reported on translation and summarisation. The gain shrinks at high batch sizes, where the "
            "hardware is busy anyway. The main limitation is the need for a draft model with the same vocabulary.",
        ),
        Exchange(
            _PAPERS,
            "Compare the evaluation sets of the three papers and say which results can be set side by side.",
            "Papers one and three report exact match on the same public questions, so they compare directly. Paper "
            "two scores with a model as judge on a set of its own; its figures stand alone.",
        ),
        Exchange(
            _PAPERS,
            "Who should I ask about the data set? The contact given is <EMAIL_ADDRESS_6ac4d8>.",
            "The paper names <EMAIL_ADDRESS_6ac4d8> as the contact for the data. A licence form is asked for first.",
            ("EMAIL_ADDRESS",),
        ),
    ),
    "Data explorer": (
        Exchange(
            _DATA,
            "How many customers came back within 30 days, by country?",
            "I count customers whose second order follows the first by 30 days or less, grouped by country.",
            (),
            ("run_query", (("sql", "SELECT country, count(*) FROM returning_customers GROUP BY country"),)),
        ),
        Exchange(
            _DATA,
            "Why does the number of sessions drop every first Sunday of the month?",
            "The drop matches the maintenance window of the tracking service, which runs from 02:00 to 06:00 on "
            "those days. Sessions are not lost to the shop, only to the count.",
        ),
    ),
    "Developer portal": (
        Exchange(
            _PORTAL,
            "My pipeline fails with “no space left on device” in the image build. What can I do?",
            "The runner keeps layers of old builds. Add the clean-up step of the shared template before the build, "
            "or ask for the large runner if the image itself is bigger than 20 GB.",
        ),
        Exchange(
            _PORTAL,
            "Write a health check for a service that talks to Postgres and a queue.",
            "Answer 200 from /healthz whenever the process runs. In /readyz, open a connection to Postgres and look "
            "at the queue's length, each with a limit of one second, and answer 503 when either fails.",
        ),
        Exchange(
            _PORTAL,
            "The job at <IP_ADDRESS_f3017b> cannot reach the package mirror.",
            "Runners outside the build network need the proxy. Set it in the job's environment and try again from "
            "<IP_ADDRESS_f3017b>.",
            ("IP_ADDRESS",),
        ),
    ),
}
