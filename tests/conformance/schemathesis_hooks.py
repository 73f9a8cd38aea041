"""How schemathesis asks, and what it takes for an answer."""

import os
import zlib

import schemathesis
from graphql import (
    ArgumentNode,
    FieldNode,
    IntValueNode,
    ObjectFieldNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    print_ast,
    validate,
    visit,
)
from hypothesis import strategies as st
from schemathesis.graphql import nodes
from schemathesis.specs.graphql.validation import parse_payload

# The codes of schema/errors.md. INTERNAL is left out: it is what we look for.
CODES = {
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "BAD_USER_INPUT",
    "LIMIT_EXCEEDED",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
}
# Ids of objects that there are, and the kinds that places take whose names do not say it.
IDS = [line for line in os.environ.get("ALLIANCE_CONFORMANCE_IDS", "").split(",") if line]
PLACES = {"community": "area", "district": "area", "host": "area", "parent": "area", "directedTo": "unit"}

# Now and then what no day and no number is, since a schema cannot say so.
ODD = st.sampled_from(["", "0", "-1", "2025-02-30", "9999-12-31", "0000-00-00", "1e9", "NaN", "25:00", "99999999999999999999"])
DAYS = st.dates().map(str)
TIMES = st.datetimes().map(lambda at: at.isoformat() + "+08:00")
AMOUNTS = st.decimals(min_value=-10, max_value=10**12, allow_nan=False, places=3).map(str)
MINUTES = st.times().map(lambda at: at.strftime("%H:%M"))
for scalar, values in {"Date": DAYS, "DateTime": TIMES, "Decimal": AMOUNTS, "TimeOfDay": MINUTES}.items():
    schemathesis.graphql.scalar(scalar, st.one_of(values, values, values, ODD).map(nodes.String))


def fits(node: IntValueNode) -> bool:
    return -(2**31) <= int(node.value) < 2**31


class Sensible(Visitor):
    """Most invented ids and pages lead nowhere: behind them there is nothing to ask for. Only what fits its type is changed, so that a
    question that was made wrong stays wrong."""

    def __init__(self, types: TypeInfo, field: str) -> None:
        super().__init__()
        self.types, self.field, self.place, self.asked = types, field, "", 0

    def dice(self, text: str) -> int:
        """By the text and the place and not by the clock, so that a seed makes the same run again."""
        self.asked += 1
        return zlib.crc32(f"{self.field} {self.asked} {text}".encode("utf-8", "replace"))

    def enter_argument(self, node: ArgumentNode, *_):
        self.place = node.name.value

    def enter_object_field(self, node: ObjectFieldNode, *_):
        self.place = node.name.value

    def enter_field(self, node: FieldNode, *_):
        first = any(argument.name.value == "first" for argument in node.arguments)
        kept = tuple(argument for argument in node.arguments if not self.leads_nowhere(argument, first))
        if len(kept) == len(node.arguments):
            return None
        return FieldNode(**{key: getattr(node, key) for key in node.keys if key not in ("arguments", "loc")}, arguments=kept)

    def leads_nowhere(self, argument: ArgumentNode, first: bool) -> bool:
        name, value = argument.name.value, argument.value
        if isinstance(value, StringValueNode) and name in ("after", "before"):
            return self.dice(value.value) % 8 > 0
        return first and name == "last" and isinstance(value, IntValueNode) and fits(value) and self.dice(value.value) % 8 > 0

    def enter_int_value(self, node: IntValueNode, *_):
        if self.is_id():
            return self.real_id(node)
        dice = self.dice(node.value)
        return IntValueNode(value=str(dice % 5 + 1)) if self.place in ("first", "last") and fits(node) and dice % 8 > 0 else None

    def enter_string_value(self, node: StringValueNode, *_):
        return self.real_id(node) if self.is_id() else None

    def is_id(self) -> bool:
        of = self.types.get_input_type()
        return of is not None and get_named_type(of).name == "ID"

    def real_id(self, node: IntValueNode | StringValueNode):
        dice = self.dice(node.value)
        if not IDS or dice % 8 == 0:
            return None
        # The kind that the place asks for, where a name tells: `need`, `endService(id:)`.
        words = (self.field if self.place == "id" else PLACES.get(self.place, self.place)).lower()
        choice = [known for known in IDS if known.split("_")[0] in words] or IDS
        return StringValueNode(value=choice[dice // 8 % len(choice)], block=False)


@schemathesis.hook
def map_body(context, body):
    if not hasattr(body, "definitions"):
        return body
    types = TypeInfo(context.operation.schema.client_schema)
    field = context.operation.definition.field_name
    return visit(body, TypeInfoVisitor(types, Sensible(types, field)))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps of the tool's own findings those that are findings here."""
    try:
        errors = parse_payload(response).get("errors") or []
        codes = {error["extensions"]["code"] for error in errors}
    except (AttributeError, KeyError, TypeError, ValueError):
        return True
    match type(failure).__name__:
        # To the tool any error that is not the caller's fault by Apollo's words is the server's; ours has one word for it.
        case "GraphQLServerError":
            return not codes or "INTERNAL" in codes
        # A value that fits its type and no rule is refused; a document that fits the schema must not be.
        case "GraphQLClientError":
            return bool(codes & {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"})
        # A number beyond 32 bits is refused when the field is asked for, so never below an object that there is not.
        case "AcceptedNegativeData":
            wrong = validate(case.operation.schema.client_schema, parse(print_ast(case.body) if not isinstance(case.body, str) else case.body))
            return any("non 32-bit signed integer" not in error.message for error in wrong)
    return True


@schemathesis.check
def answer_is_as_promised(ctx, response, case):
    """The shape of the specification, a code of ours with each error, nothing of the inside."""
    assert response.status_code in (200, 400, 401, 403), f"HTTP {response.status_code}"
    answer = parse_payload(response)
    assert isinstance(answer, dict) and set(answer) <= {"data", "errors", "extensions"}, "other members than the specification's"
    assert "errors" in answer or isinstance(answer.get("data"), dict), "neither data nor errors"
    for error in answer.get("errors", []):
        code = (error.get("extensions") or {}).get("code")
        assert code in CODES, f"code {code}: {error.get('message')}"
        assert isinstance(error.get("message"), str) and error["message"], "an error without a message"
        assert all(place["line"] > 0 and place["column"] > 0 for place in error.get("locations", [])), "a place before the first"
    assert "errors" not in answer or answer["errors"], "an empty list of errors"
