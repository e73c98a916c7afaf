"""Sentences for the simulator's answers: true of any question, so that no answer pretends to know."""

SENTENCES = (
    "No model was asked, so please treat what follows as filler text.",
    "A real model would weigh the question here and lay out what it knows.",
    "First, it helps to say plainly what the goal is and what would count as done.",
    "Then the work can be cut into small steps, each of which can be checked on its own.",
    "Where a fact is uncertain, a careful answer names the uncertainty instead of hiding it.",
    "Numbers deserve a source, and a source deserves a date.",
    "A short example often explains more than a long definition.",
    "If two readings of the question are possible, it is worth asking which one is meant.",
    "The costs of each option should stand next to its benefits.",
    "A decision that is easy to undo needs less debate than one that is not.",
    "What was tried before, and why it did not work, is useful to know at this point.",
    "The simplest approach that meets the need is usually the one to start with.",
    "It is also wise to agree in advance on how the result will be measured.",
    "Anything that touches personal data calls for the least access that does the job.",
    "Once the first version works, feedback from the people who use it should guide the next.",
    "Writing down the reasons makes the choice easier to revisit later.",
    "Edge cases, such as empty input or a lost connection, should not be left to chance.",
    "A good summary fits in one paragraph and leaves nothing important out.",
    "The same request to this simulator will always bring this same answer.",
    "That is the end of this part of the simulated reasoning.",
)
