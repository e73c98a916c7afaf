from governance.records.api.people import KnownPersonViewSet
from governance.records.api.raw_text import RawAccessViewSet, RawTextViewSet, TeamKeyViewSet

__all__ = ["KnownPersonViewSet", "RawAccessViewSet", "RawTextViewSet", "TeamKeyViewSet"]
