"""PURE: Converse's citations as Anthropic has them. Source: the types of the `anthropic` SDK."""

import re

from gateway.events import Json

_NUMBER = re.compile(r" \(\d+\)\Z")
"""What anthropic_blocks puts behind the title of a document, to make names of one kind different."""
_LOCATIONS = {
    "documentChar": ("char_location", "start_char_index", "end_char_index"),
    "documentPage": ("page_location", "start_page_number", "end_page_number"),
    "documentChunk": ("content_block_location", "start_block_index", "end_block_index"),
}


def anthropic_citation(citation: Json) -> Json:
    """One citation. A place of a kind that Anthropic does not have stands beside, as it came: its SDKs know no other types."""
    cited = citation.get("sourceContent") or []
    text = "".join(each.get("text") or "" for each in cited if isinstance(each, dict))
    location = citation.get("location") or {}
    kind = next(iter(location), "")
    place = location.get(kind) or {}
    title = citation.get("title")
    if kind in _LOCATIONS:
        name, begin, end = _LOCATIONS[kind]
        return {
            "type": name,
            "cited_text": text,
            "document_index": place.get("documentIndex", 0),
            "document_title": None if title is None else _NUMBER.sub("", title),
            "file_id": None,
            begin: place.get("start", 0),
            end: place.get("end", 0),
        }
    if kind == "web":
        found = {"type": "web_search_result_location", "cited_text": text, "title": title}
        return found | {"url": place.get("url", ""), "encrypted_index": ""}
    return {
        "type": "search_result_location",
        "cited_text": text,
        "search_result_index": place.get("searchResultIndex", 0),
        "source": citation.get("source") or "",
        "title": title,
        "start_block_index": place.get("start", 0),
        "end_block_index": place.get("end", 0),
        **({} if kind in ("", "searchResultLocation") else {"location": location}),
    }
