"""What is said of a document that can't be used, always with what to do."""


class Unusable(Exception):
    """The document can't be used; the message says what to do."""


EMPTY = "There is no text in it. Upload a document that has some."
SCANNED = "Its pages are pictures without text, as scanners make them. Run text recognition (OCR) over it, and upload the result."
ENCRYPTED = "It is protected by a password. Save it without one, and upload that."
DAMAGED = "It can't be read: it is damaged or cut short. Save it anew, and upload that."
OLD_OFFICE = (
    "It is an old Word document, or one protected by a password. Save it as .docx without a password."
)
NOT_TEXT = "It is not a text document. Upload text, Markdown, HTML, PDF or Word (.docx)."
UNKNOWN = "Documents of this kind can't be read. Upload text, Markdown, HTML, PDF or Word (.docx)."
ARCHIVE = "It is an archive, not a Word document. Unpack it, and upload the documents in it."
BOMB = (
    "It unpacks to far more than its size, as files do that are made to do harm. If it is a real document, save it anew "
    "without pictures, or in parts."
)
TAKEN_IN = (
    "Another document is taken into it whole. Save it anew with that as its own text, and upload the result."
)
NO_LETTERS = "Its letters can't be told from its fonts. Print it to a new PDF, or upload its text."
TOO_MUCH_TEXT = "It holds too much text for one document. Upload it in parts."
TOO_HEAVY = "Reading it takes more memory than is allowed. Upload it in parts, or as text."
CRASHED = "Reading it broke off: it is damaged, or takes more memory than is allowed. Save it anew, or upload it in parts."
TOO_SLOW = "Reading it takes longer than is allowed. Upload it in parts, or as text."
MISNAMED = (
    "Its name says another kind of document than its content. Give it the right ending, and upload it again."
)
