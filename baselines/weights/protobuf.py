"""Message types of Protocol Buffers from a table of their fields, without generated code."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message_factory import GetMessages

# Name of a field -> its number and type; "[]" behind the type of one that repeats.
Fields = Mapping[str, tuple[int, str]]


def message_types(messages: Mapping[str, Fields]) -> dict[str, Any]:
    """Make message types.

    Parameters
    ----------
    messages : mapping of str to mapping
        Fields of each message; a type is one of protobuf's in lower case, or the name of a
        message. Fields that are left out are skipped when a message is parsed.

    Returns
    -------
    dict
        Name of a message -> its class, which has ``FromString``.
    """
    file = FileDescriptorProto(name="+".join(messages))
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            label = "LABEL_REPEATED" if kind.endswith("[]") else "LABEL_OPTIONAL"
            one = kind.removesuffix("[]")
            of = {"type_name": f".{one}"} if one in messages else {}
            message.field.add(
                name=field,
                number=number,
                label=FieldDescriptorProto.Label.Value(label),
                type=FieldDescriptorProto.Type.Value(
                    "TYPE_MESSAGE" if of else f"TYPE_{one.upper()}"
                ),
                **of,
            )
    return GetMessages([file])
