"""moto's server with what it lacks: users, spaces, apps and the tags of all come from the tests' stand-in for AWS.

moto 5.2 has no user profiles, spaces, apps and work teams, and its tagging API does not know SageMaker. It makes, lists
and describes the rest; the stand-in holds the tags of everything, and says what is listed where moto cannot.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.sagemaker.responses import SageMakerResponse
from werkzeug.test import Client

from costtags.catalog import sagemaker_types
from tests.aws_account import AwsAccount, Body, Call, Fault, Held

_CREATED = {action: row for row in sagemaker_types() for action in row.create}
_TAGS = frozenset({"ListTags", "AddTags", "DeleteTags"})
_HERE = frozenset({"CreateUserProfile", "CreateSpace"})


@dataclass
class MotoAccount(AwsAccount):
    """An account whose SageMaker is moto's, as far as moto has it; every call is recorded."""

    moto: Client = field(default_factory=lambda: Client(DomainDispatcherApplication(create_backend_app)))

    def answer(self, call: Call) -> Body | Fault:
        """Answer one call: by moto where it can, else by the stand-in."""
        if call.service == "sagemaker" and call.operation in _HERE:
            return self._made(call, dict(call.body))
        if call.service != "sagemaker" or call.operation in _TAGS or not _is_moto(call.operation):
            return super().answer(call)
        answer = self._ask_moto(call)
        return self._made(call, answer) if call.operation in _CREATED and isinstance(answer, dict) else answer

    def _ask_moto(self, call: Call) -> Body | Fault:
        self.calls.append(call)
        scope = f"{call.access_key}/20260101/{call.region}/sagemaker/aws4_request"
        response = self.moto.post(
            "/",
            data=json.dumps(call.body),
            headers={
                "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
                "Content-Type": "application/x-amz-json-1.1",
                "Host": f"api.sagemaker.{call.region}.amazonaws.com",
                "X-Amz-Target": f"SageMaker.{call.operation}",
            },
        )
        answer: Body = json.loads(response.get_data() or b"{}")
        if response.status_code < 400:
            return answer
        return Fault(str(answer["__type"]), str(answer.get("message", "")), response.status_code)

    def _made(self, call: Call, answer: Body) -> Body:
        """Hold what was made, for its tags."""
        row = _CREATED[call.operation]
        tags = {tag["Key"]: tag["Value"] for tag in call.body.get("Tags", ())}
        name = next(call.body[key] for key in call.body if key in _NAMES.get(row.name, (f"{_words(row.name)}Name",)))
        fields: dict[str, Any] = {key: call.body[key] for key in ("DomainId", "UserProfileName") if key in call.body}
        if row.name == "domain":
            fields = {"DomainId": answer["DomainArn"].rpartition("/")[2]}
        one = Held(row.name, name, call.account, call.region, tags, fields, tagged_before=bool(tags))
        self.add(one)
        if call.operation in _HERE:
            self.calls.append(call)
            return {f"{_words(row.name)}Arn": one.arn}
        return answer


_NAMES = {"user-profile": ("UserProfileName",), "space": ("SpaceName",)}


def _words(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _is_moto(operation: str) -> bool:
    return hasattr(SageMakerResponse, xform_name(operation))
