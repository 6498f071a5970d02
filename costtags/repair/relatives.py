"""Live resources -> their parents, roles and states; asks AWS only for what neither ARN, tags nor the audit tell."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed
from costtags.account.failures import is_missing
from costtags.account.places import Access
from costtags.repair import facts
from costtags.repair.resource import READERS, Resource, read_tags

_T = TypeVar("_T")


class NotKnown(Exception):
    """AWS was asked and did not say; the message is why."""


class Relatives:
    """What is known of the relations of an audit's resources. ``access`` is called when AWS must be asked."""

    def __init__(self, resources: Iterable[Resource], access: Any) -> None:
        self._access_to = access
        self._access: Access | None = None
        self._lock = threading.Lock()
        self.by_arn = {resource.arn: resource for resource in resources}
        self._by_name: dict[tuple[str, str, str, str], list[Resource]] = {}
        for one in self.by_arn.values():
            self._by_name.setdefault(_named(one.account, one.region, one.type, _full_name(one)), []).append(one)
        self._answers: dict[str, Mapping[str, Any] | NotKnown] = {}
        self._tags: dict[str, Mapping[str, str] | NotKnown] = {}

    def ask_for_jobs(self, resources: Iterable[Resource]) -> None:
        """Describe many jobs at once, for ``ended`` to have the answers."""
        jobs = [one for one in resources if one.type in facts.JOB_STATUS]
        with ThreadPoolExecutor(READERS) as pool:
            for job, answer in zip(jobs, pool.map(self._described, jobs), strict=True):
                self._answers[job.arn] = answer

    # ---- parents

    def parents(self, resource: Resource, kind: str) -> list[str]:
        """Return the ARNs of a resource's parents of one kind. Raises NotKnown."""
        found = list(dict.fromkeys(self._plain_parents(resource, kind)))
        if found:
            return found
        for source in facts.ANSWER_PARENTS.get(resource.type, ()):
            if source.kind == kind:
                told = facts.at_path(self.describe(resource), source.path)
                found += [self._arn_of(kind, name, resource) for name in told]
        if not found and kind == "profile" and resource.type != "space":
            # The owner of the space that it is in.
            for space in self.parents(resource, "space"):
                found += self.parents(self._resource(space), "profile")
        return list(dict.fromkeys(found))

    def _plain_parents(self, resource: Resource, kind: str) -> Iterator[str]:
        """Yield the parents that cost no call."""
        row = facts.catalogue()[resource.type]
        parts = facts.arn_parts(row, resource.arn)
        for named in facts.ARN_PARENTS.get(resource.type, ()):
            if named.kind == kind and named.variable in parts:
                yield self._arn_of(kind, parts[named.variable], resource)
        for sign in facts.TAG_PARENTS:
            value = resource.tags.get(sign.key, "")
            read = facts.parse_arn(value)
            if sign.kind == kind and read is not None:
                # A pipeline's execution is no resource with tags; the pipeline is.
                yield value.partition("/execution/")[0] if kind == "pipeline" else value

    def _arn_of(self, kind: str, named: str, child: Resource) -> str:
        if named.startswith("arn:"):
            return named
        own = facts.parse_arn(child.arn)
        assert own is not None  # by resources_of
        type_ = facts.KINDS[kind]
        parts = facts.arn_parts(facts.catalogue()[child.type], child.arn)
        path = f"{parts['DomainId']}/{named}" if kind in facts.IN_DOMAIN and "DomainId" in parts else named
        listed = self._by_name.get(_named(child.account, child.region, type_, path), ())
        if len(listed) == 1:
            return listed[0].arn
        return f"arn:{own.partition}:sagemaker:{own.region}:{own.account}:{type_}/{path}"

    def _resource(self, arn: str) -> Resource:
        known = self.by_arn.get(arn)
        if known is not None:
            return known
        read = facts.parse_arn(arn)
        if read is None or read.of_type not in facts.catalogue():
            raise NotKnown(f"{arn} is no ARN of SageMaker")
        name = read.resource.rpartition("/")[2]
        return Resource(arn, read.of_type, name, read.account, read.region, {})

    def names(self, resource: Resource, kind: str) -> list[str]:
        """Return the ids and names by which a rule may match a parent of one kind. Raises NotKnown."""
        return list(dict.fromkeys(name for arn in self.parents(resource, kind) for name in self._names(arn)))

    def own_names(self, resource: Resource) -> list[str]:
        """Return the ids and names by which a rule may match a resource itself as a domain, profile or space."""
        return list(dict.fromkeys(self._names(resource.arn)))

    def _names(self, arn: str) -> Iterator[str]:
        yield arn.rpartition("/")[2]
        if arn in self.by_arn:
            yield self.by_arn[arn].name

    # ---- what AWS says

    def role(self, resource: Resource) -> str | None:
        """Return the execution role that a resource names; None where its type has none. Raises NotKnown."""
        if resource.type in ("app", "space"):  # theirs is the profile's or the domain's, which is matched by itself
            return None
        path = facts.ROLES.get(resource.type, facts.USUAL_ROLE)
        return next(iter(facts.at_path(self.describe(resource), path)), None)

    def ended(self, resource: Resource) -> str | None:
        """Return the state of a job that has ended; None for one that has not, and for what is no job.

        Raises NotKnown.
        """
        path = facts.JOB_STATUS.get(resource.type)
        if path is None:
            return None
        status = next(iter(facts.at_path(self.describe(resource), path)), "")
        return status if status.upper() in facts.ENDED else None

    def tags(self, arn: str) -> Mapping[str, str]:
        """Return the tags of a resource that the audit may not hold. Raises NotKnown."""
        if arn in self.by_arn:
            return self.by_arn[arn].tags
        if arn not in self._tags:
            read = read_tags(self._asked(), arn)
            if read.gone:
                self._tags[arn] = {}
            else:
                self._tags[arn] = read.tags if read.tags is not None else NotKnown(f"tags of {arn}: {read.why}")
        return _or_raise(self._tags[arn])

    def describe(self, resource: Resource) -> Mapping[str, Any]:
        """Return what AWS's Describe call says of a resource, asked once. Raises NotKnown."""
        if resource.arn not in self._answers:
            self._answers[resource.arn] = self._described(resource)
        return _or_raise(self._answers[resource.arn])

    def _described(self, resource: Resource) -> "Mapping[str, Any] | NotKnown":
        row = facts.catalogue()[resource.type]
        call = row.describe_call
        if call is None:
            return NotKnown(f"AWS has no call that describes a {resource.type}")
        try:
            client = self._asked().client(resource.account, "sagemaker", resource.region)
        except AwsFailed as error:
            return NotKnown(str(error))
        except AWS_ERRORS as error:
            return NotKnown(clients.explained(error))
        why = ""
        for inputs in self._inputs(resource, client):
            try:
                answer: Mapping[str, Any] = getattr(client, call.call)(**inputs)
                return answer
            except AWS_ERRORS as error:
                why = clients.explained(error)
                if not is_missing(error):
                    break
        return NotKnown(why)

    def _inputs(self, resource: Resource, client: Any) -> Iterator[dict[str, str]]:
        """Yield the inputs of the Describe call; of an app two forms, where its ARN does not tell which one holds."""
        row = facts.catalogue()[resource.type]
        assert row.describe_call is not None
        assert row.list_call is not None
        parts = dict(facts.arn_parts(row, resource.arn))
        if resource.type == "app":
            yield from self._app_inputs(resource, parts, client)
            return
        inputs = {}
        for name, given in row.describe_call.inputs.items():
            if given == row.list_call.name:
                inputs[name] = resource.name
            elif given.endswith("Arn"):
                inputs[name] = resource.arn
            elif name in parts:
                inputs[name] = parts[name]
        yield inputs

    def _app_inputs(self, resource: Resource, parts: Mapping[str, str], client: Any) -> Iterator[dict[str, str]]:
        shape = client.meta.service_model.operation_model("DescribeApp").input_shape
        kinds = {kind.lower(): kind for kind in shape.members["AppType"].enum}
        whose = parts.get("UserProfileName", "")
        app = {
            "DomainId": parts.get("DomainId", ""),
            "AppType": kinds.get(parts.get("AppType", "").lower(), parts.get("AppType", "")),
            "AppName": resource.name,
        }
        forms = []
        for type_, name in (("space", "SpaceName"), ("user-profile", "UserProfileName")):
            path = f"{app['DomainId']}/{whose}"
            listed = self._by_name.get(_named(resource.account, resource.region, type_, path), ())
            # The names in ARNs may be in small letters; the audit's are as they were given.
            forms.append((not listed, app | {name: listed[0].name if len(listed) == 1 else whose}))
        for _, form in sorted(forms, key=lambda one: one[0]):
            yield form

    def _asked(self) -> Access:
        with self._lock:
            if self._access is None:
                self._access = self._access_to()
            return self._access


def _named(account: str, region: str, type_: str, name: str) -> tuple[str, str, str, str]:
    return account, region, type_, name.lower()


def _full_name(resource: Resource) -> str:
    """Return the name within the region: d-1/anna of a profile, whose name alone would not tell it from others."""
    if resource.type in ("space", "user-profile"):
        parts = facts.arn_parts(facts.catalogue()[resource.type], resource.arn)
        return f"{parts.get('DomainId', '')}/{resource.name}"
    if resource.type in ("domain", "mlflow-app", "partner-app"):
        return resource.arn.rpartition("/")[2]  # their names need not be unique
    return resource.name


def _or_raise(known: "_T | NotKnown") -> _T:
    if isinstance(known, NotKnown):
        raise known
    return known
