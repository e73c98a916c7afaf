"""PURE: what is asked of an embedding besides its texts and dimensions."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingOptions:
    """In the words of Cohere's and Titan's own bodies; what is not given is left to the model."""

    input_type: str = "search_document"
    """What the texts are for: vectors of questions and of documents differ, with Cohere's models."""
    truncate: str = ""
    max_tokens: int | None = None
    normalize: bool | None = None
    types: tuple[str, ...] = ()
    """Which forms of each vector: float, int8, uint8, binary, ubinary."""
    echo: tuple[str, ...] = field(default=(), repr=False)
    """The texts as they came, where the answer repeats them."""
