"""Message types of Protocol Buffers from a schema in text form, without generated code."""

from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message_factory import GetMessages


def message_types(schema: str) -> dict[str, Any]:
    """Make the message types that `schema` defines.

    Parameters
    ----------
    schema : str
        A ``FileDescriptorProto`` in protobuf's text format. It may leave out messages and fields,
        which are then skipped when a message is parsed.

    Returns
    -------
    dict
        Full name of a message -> its class, which has ``FromString``.
    """
    return GetMessages([text_format.Parse(schema, FileDescriptorProto())])
