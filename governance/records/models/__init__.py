from governance.records.models.audit_record import AuditRecord, BodyState, CallStatus, WireFormat
from governance.records.models.content import AuditContent, ContentIndex, ContentIndexState, SealedContent
from governance.records.models.idempotent_call import IdempotentCall
from governance.records.models.known_person import KnownPerson
from governance.records.models.raw_access import RawAccess
from governance.records.models.record_drop import RecordDrop
from governance.records.models.stored_response import StoredResponse
from governance.records.models.team_key import TeamKey
from governance.records.models.unknown_caller import UnknownCaller

__all__ = [
    "AuditContent",
    "AuditRecord",
    "BodyState",
    "CallStatus",
    "ContentIndex",
    "ContentIndexState",
    "IdempotentCall",
    "KnownPerson",
    "RawAccess",
    "RecordDrop",
    "SealedContent",
    "StoredResponse",
    "TeamKey",
    "UnknownCaller",
    "WireFormat",
]
