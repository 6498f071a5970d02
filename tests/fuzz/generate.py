"""Makes random programs as data: plain dicts and lists, which render.py writes as Python and shrink.py makes smaller.

A batch is what one preview runs: what all of its programs share (schema, config, environment, policy levels, project,
transforms of the whole stack), and programs that do not touch each other: whatever one of them makes, transforms or
exempts carries its name. So one preview of the real engine, which costs seconds, judges many programs.

The generator is Python's own random with a seed, not a hypothesis strategy: a batch has thousands of choices, more than
hypothesis keeps of an example, and a seed must mean the same programs under every version of the libraries.
"""

import json
from random import Random
from typing import Any

Data = dict[str, Any]

PROJECTS = ("corpus", "fuzz.a-b_C")
TAGS_YAML = "tags.yaml"

# Keys that a schema of tests/corpus names, each with values that it allows.
RIGHT: dict[str, dict[str, list[str]]] = {
    TAGS_YAML: {
        "cost-center": ["ML-Sales", "ML-Research"],
        "environment": ["prod", "dev"],
        "project": ["churn", "a1"],
        "team": ["ml-core", "data-platform"],
    },
    "allow-list.yaml": {"cost-center": ["ML-Sales"], "environment": ["prod", "dev"]},
    "denied.yaml": {"cost-center": ["ML-Sales"], "environment": ["prod", "dev"]},
    "free.yaml": {"owner": ["ann"], "purpose": ["experiment", "x"], "stage": ["trial", "y"]},
    "numbers.yaml": {"account": ["4711"], "share": ["0.5"], "shared": ["true"]},
    "unicode.yaml": {"équipe": ["Zürich", "Genève"]},
    "wide.yaml": {"cost-center": ["ML-Sales"]},
}
# Spellings that some schema takes for one of its keys.
NEAR = {
    "cost-center": ["CostCenter", "cost_center", "Kostenstelle", "cost-center ", "COSTCODE"],
    "environment": ["Environment", "ENVIRONMENT", " environment"],
    "project": ["Project", "project:"],
    "team": ["Team", "te-am"],
    "owner": ["Owner"],
    "purpose": ["PURPOSE"],
    "équipe": ["e\u0301quipe", "Équipe"],
    "account": ["Account"],
}
OTHER = ["Name", "app:tier", "aws:x", "sagemaker:domain-arn", "日本", 'quo"te', "line\nend", "k" * 129, "a b", "$x"]
WRONG = ["", " ", "test", "ml-sales", "Marketing", "live", "v" * 257, "semi;colon", "prod ", "*", "Zurich", "tab\there"]

# Each is rendered by render.value. A coroutine can be read once, so it stands in no tags that are read twice.
VALUES = ["secret", "known", "unknown", "unknown-secret", "echo", "echo-secret", "concat", "format", "soon", "none"]
VALUES += ["read", "region", "account", "config", "number", "bool", "deep"]
FORMS = ["map"] * 12 + ["output", "secret", "all", "unknown", "echo", "echo-secret", "soon", "apply", "none", "empty"]
FORMS += ["absent", "tags-of", "tags-all-of", "proxy"]

AWS = ["ModelPackageGroup"] * 6 + ["NotebookInstance", "Domain", "Model", "Endpoint", "UserProfile", "Space", "App"]
AWS += ["Hub", "CodeRepository", "Device", "Bucket", "Role", "Topic", "Pipeline", "Image"]
NATIVE = ["ModelPackageGroup"] * 6 + ["Domain", "ImageVersion", "Space", "LogGroup"]
TAGGED = ["TaggedNotebookInstance", "TaggedDomain", "TaggedUserProfile", "TaggedSpace", "TaggedWorkteam"]
TAGGED += ["TaggedPipeline", "TaggedEndpoint"]
DOCUMENTS = 24  # how many render.DOCUMENTS has

POLICIES = ["required-tags", "tag-values", "tag-spelling", "tag-values-known", "tag-propagation", "ignored-tags"]
POLICIES += ["budget-tag-filter", "organization-policy", "exemptions-in-use"]


def batch(seed: str, programs: int, *, risky: bool = False) -> Data:
    """Make a batch of programs; a risky one may hold what makes a program fail, so it should stand alone."""
    return Maker(Random(seed)).batch(programs, risky=risky)


class Maker:
    """Draws one batch."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.schema = TAGS_YAML
        self.risky = False
        self.calm = False
        self.native_defaults = False
        self.steps: list[Data] = []
        self.program = ""

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def some(self, items: list[Any], most: int) -> list[Any]:
        """Draw up to so many different items."""
        return self.rng.sample(items, min(len(items), self.rng.randint(1, most)))

    # ---- what programs share

    def batch(self, programs: int, *, risky: bool) -> Data:
        self.risky = risky
        self.schema = self.rng.choice([TAGS_YAML] * 8 + [name for name in RIGHT if name != TAGS_YAML])
        self.calm = self.chance(0.15)  # nothing is wrong: the preview passes
        project = self.rng.choice([PROJECTS[0]] * 5 + [PROJECTS[1]])
        config: Data = {"aws-native:region": "eu-west-1", f"{project}:tags": self.config_tags()}
        if self.chance(0.35):
            tags = {"tags": self.plain_tags(fault=0.15)}
            config["aws:defaultTags"] = json.dumps(tags, ensure_ascii=False) if self.chance(0.3) else tags
        self.native_defaults = self.chance(0.5)
        if self.native_defaults and self.chance(0.6):
            config["aws-native:defaultTags"] = {"tags": self.plain_tags(fault=0.15, texts=True)}
        if self.chance(0.15):
            config["aws:ignoreTags"] = {"keys": self.some([*RIGHT[self.schema], "Name"], 2)}
        environment = {}
        if self.chance(0.2):
            for key, value in self.plain_tags(fault=0.2, texts=True).items():
                if "\n" not in key and "=" not in key:
                    environment[f"TF_AWS_DEFAULT_TAGS_{key}"] = value
        if self.chance(0.1):
            environment["TF_AWS_IGNORE_TAGS_KEYS"] = ",".join(self.some([*RIGHT[self.schema], "Name"], 2))
        if not self.calm:
            # Components then leave all judging to the pack, on either engine: otherwise they end the program.
            environment["COSTTAGS_GATE"] = "embedded"
        made: Data = {
            "schema": self.schema,
            "project": project,
            "config": config,
            "environment": environment,
            "policies": self.policies(),
            "transforms": [],
            "exemptions": [],
            "programs": [],
        }
        if self.chance(0.25):
            made["transforms"] = [self.stack_transform() for _ in range(self.rng.randint(1, 2))]
        if self.chance(0.1):
            made["exemptions"] = [self.exemption("urn:pulumi:*::*")]
        made["programs"] = [self.one_program(f"p{number}") for number in range(programs)]
        return made

    def config_tags(self) -> Data:
        tags = {key: values[0] for key, values in RIGHT[self.schema].items()}
        return tags if self.chance(0.6) else {}

    def policies(self) -> Data:
        if self.chance(0.4):
            return {}
        levels = {}
        if self.chance(0.5):
            levels["default-tags"] = "remediate"
        for name in self.some(POLICIES, 3) if self.chance(0.6) else []:
            allowed = ["disabled", "advisory", "mandatory"]
            if name != "exemptions-in-use":
                allowed.append("remediate")
            levels[name] = self.rng.choice(allowed)
        if self.chance(0.1):
            levels["all"] = self.rng.choice(["disabled", "advisory", "mandatory"])
        if self.chance(0.2):
            return {name: {"enforcementLevel": level} for name, level in levels.items()}
        return levels

    # ---- tags

    def plain_tags(self, fault: float, *, texts: bool = False) -> Data:
        """Draw a map of tags with plain values, for config and environment: some of the schema's keys."""
        tags: Data = {}
        for key, values in RIGHT[self.schema].items():
            if self.chance(0.6):
                wrong = not self.calm and self.chance(fault)
                tags[self.key(key) if wrong else key] = self.rng.choice(WRONG[2:] if wrong else values)
        if not self.calm and self.chance(fault):
            tags[self.rng.choice(OTHER[:5])] = "x"
        if not texts and self.chance(0.1):
            tags["Number"] = self.rng.choice([1, 2.5, True])
        return tags

    def key(self, key: str) -> str:
        return self.rng.choice(NEAR.get(key, [key.upper()]))

    def tags(self, *, fault: float = 0.12, forms: list[str] | None = None) -> Data:
        """Draw a resource's tags: a form, and pairs of key and [kind, text]."""
        if self.calm:
            fault = 0.0
        pairs: list[list[Any]] = []
        for key, values in RIGHT[self.schema].items():
            if self.chance(fault) or (self.chance(0.5) and key == "team"):
                continue
            at = self.key(key) if self.chance(fault) else key
            pairs.append([at, self.value(values, fault)])
            if self.chance(fault / 4):
                pairs.append([self.key(key), self.value(values, fault)])
        if self.chance(fault * 2):
            pairs.append([self.rng.choice(OTHER), self.value(["x"], fault)])
        if self.chance(fault / 6):
            pairs += [[f"filler{n}", ["plain", "x"]] for n in range(self.rng.choice([44, 46, 47, 50]))]
        self.rng.shuffle(pairs)
        form = self.rng.choice(forms or FORMS) if not self.calm or self.chance(0.1) else "map"
        return {"form": form, "tags": pairs, "of": self.name_of("resource", "read")}

    def value(self, right: list[str], fault: float) -> list[str]:
        text = self.rng.choice(WRONG if self.chance(fault) else right)
        if self.calm or self.chance(0.7):
            return ["plain", text]
        kind = self.rng.choice(VALUES)
        if kind == "deep" and not self.risky:
            kind = "known"
        return [kind, text]

    # ---- transforms

    def transform(self, api: str, on: str) -> Data:
        acts = ["add"] * 5 + ["drop", "set", "delete", "none", "spoil", "nothing", "options", "read-tags"]
        if self.name_of("provider"):
            acts += ["move"] * 2
        if on in ("all", "components", "providers") and not self.native_defaults:
            acts += ["give"] * 4 if self.name_of("provider") else []
            acts += ["provider-tags"] * 3
        if api == "new":
            acts += ["add-soon", "pass"]
        tags = self.tags(forms=["map", "map", "output", "unknown", "secret"], fault=0.2)
        for pair in tags["tags"] if api == "new" else ():
            # A provider function called there waits for a thread of the SDK's pool; where all of them wait for such
            # transforms, the program never ends, on either engine (asyncio's default executor: six threads on 2 cores).
            if pair[1][0] in ("region", "account"):
                pair[1][0] = "plain"
        if self.native_defaults and not self.risky and on in ("sagemaker", "all"):
            on = "aws"
        return {
            "api": api,
            "act": self.rng.choice(acts),
            "on": on,
            "tags": {**tags, "tags": self.rng.sample(tags["tags"], min(len(tags["tags"]), self.rng.randint(1, 4)))},
            "provider": self.name_of("provider"),
        }

    def stack_transform(self) -> Data:
        return self.transform(
            self.rng.choice(["new", "new", "old"]), self.rng.choice(["sagemaker", "all", "components", "providers"])
        )

    def transforms(self, share: float, on: list[str]) -> Data:
        made: Data = {}
        for option, api in (("transforms", "new"), ("transformations", "old")):
            if not self.calm and self.chance(share):
                made[option] = [self.transform(api, self.rng.choice(on)) for _ in range(self.rng.choice([1, 1, 2]))]
        return made

    # ---- programs

    def name_of(self, *kinds: str) -> str | None:
        names = [step["name"] for step in self.steps if step["do"] in kinds]
        return self.rng.choice(names) if names else None

    def one_program(self, name: str) -> Data:
        self.program, self.steps = name, []
        makers = [self.resource] * 9 + [self.provider] * 2 + [self.component] * 3 + [self.stack] * 1
        makers += [self.tagged, self.read, self.document]
        for number in range(self.rng.choice([1, 2, 3, 4, 5, 6, 8])):
            step = self.rng.choice(makers)()
            step["name"] = f"{'g' if step['do'] == 'read' else step['do'][0]}{number}"
            self.steps.append(step)
        if not any(step["do"] in ("resource", "tagged", "document") for step in self.steps):
            self.steps.append({**self.resource(), "name": "last"})
        exemptions = []
        while self.chance(0.2):
            exemptions.append(self.exemption(f"urn:pulumi:*::{name}-*"))
        return {"name": name, "steps": self.steps, "exemptions": exemptions}

    def exemption(self, resource: str) -> Data:
        made: Data = {
            "resource": resource,
            "policies": self.some([name for name in POLICIES if name != "exemptions-in-use"], 4),
            "owner": "fuzz",
            "reason": "tried",
            "expires": self.rng.choice(["+30d", "+30d", "+30d", "+0d", "-1d"]),
        }
        names = [step["name"] for step in self.steps]
        if names and self.chance(0.6):
            made["resource"] = f"urn:pulumi:*::{self.program}-{self.rng.choice([*names, 'gone'])}"
        if self.chance(0.2):
            made["resource"] = f"urn:pulumi:dev::*$aws:sagemaker/*::{self.program}{'-' if self.program else ''}*"
        if self.chance(0.3):
            made["tags"] = self.some([*RIGHT[self.schema], "Environment", "Name"], 2)
        return made

    def options(self, *, custom: bool, package: str = "aws") -> Data:
        made: Data = {}
        if self.chance(0.45):
            made["parent"] = self.name_of("component", "component", "resource", "read", "tagged", "provider")
        providers = [s["name"] for s in self.steps if s["do"] == "provider"]
        fitting = [s["name"] for s in self.steps if s["do"] == "provider" and s["package"] == package]
        if fitting and self.chance(0.4):
            made["provider"] = self.rng.choice(fitting)
        if providers and self.chance(0.1 if custom else 0.5):
            made["providers"] = self.some(providers, 3)
            made["providers-form"] = self.rng.choice(["list", "map"])
        others: list[tuple[float, str, list[Any]]] = [
            (0.04, "ignore_changes", [["tags"], ['tags["environment"]']]),
            (0.04, "protect", [True, False]),
            (0.04, "aliases", ["old"]),
            (0.04, "retain_on_delete", [True]),
            (0.04, "delete_before_replace", [True]),
            (0.04, "replace_on_changes", [["tags"]]),
            (0.04, "additional_secret_outputs", [["tags"], ["arn"]]),
            (0.03, "version", ["7.0.0", "6.9.1"]),
            (0.03, "plugin_download_url", ["https://example.com/plugin"]),
            (0.02, "import_", ["an-id"]),
        ]
        for share, option, choices in others:
            if self.chance(share) and (custom or option in ("protect", "aliases", "ignore_changes")):
                made[option] = self.rng.choice(choices)
        if "import_" in made:
            # What is imported and ignored is as it is in the account, which neither engine is asked for: the real one
            # takes it from the dry provider's Read, which has nothing; the embedded one leaves what the program says.
            # So it is with what a replacement by the import would be refused for.
            for option in ("ignore_changes", "replace_on_changes", "protect", "version", "plugin_download_url"):
                made.pop(option, None)
        if self.chance(0.1):
            made["depends_on"] = self.name_of("resource", "read", "provider")
        if custom and self.chance(0.05):
            made["deleted_with"] = self.name_of("resource")
        return {key: value for key, value in made.items() if value is not None}

    def resource(self) -> Data:
        native = self.chance(0.25)
        package = "native" if native else "aws"
        made: Data = {
            "do": "resource",
            "package": package,
            "type": self.rng.choice(NATIVE if native else AWS),
            "tags": self.tags(),
            "how": self.rng.choice(["plain"] * 12 + ["loop", "apply", "apply-unknown", "apply-secret"]),
            "opts": {**self.options(custom=True, package=package), **self.transforms(0.12, ["sagemaker", "all"])},
        }
        if made["type"] == "Domain":
            choices = ["ENABLED"] if self.calm else ["ENABLED", "DISABLED", None, "unknown", "secret", "known"]
            made["propagation"] = self.rng.choice(choices)
        if native:
            rows = ["plain"] * 6 + ["args", "unknown-key", "twice"]
            # With default tags, aws-native refuses what is secret or unknown as a whole.
            if self.risky or not self.native_defaults:
                rows += ["unknown-item", "secret-row"]
            elif made["tags"]["form"] in ("secret", "echo-secret", "output", "all", "apply", "echo"):
                made["tags"]["form"] = "map"
            made["rows"] = self.rng.choice(rows)
        return made

    def provider(self) -> Data:
        package = "native" if self.chance(0.25) else "aws"
        forms = ["map"] * 6 + ["output", "unknown", "secret", "echo", "empty", "none", "absent"]
        made: Data = {"do": "provider", "package": package, "default": self.tags(fault=0.25, forms=forms), "opts": {}}
        # A provider's default tags are texts: the SDK has them as JSON, in which any other value is another text.
        for pair in made["default"]["tags"]:
            if pair[1][0] in ("none", "number", "bool", "deep") and (package == "native" or pair[1][0] == "deep"):
                pair[1][0] = "plain"
        if package == "native" and not self.native_defaults:
            made["default"]["form"] = "absent"
        made["form"] = self.rng.choice(["nested", "nested", "nested", "args", "output", "absent-inside"])
        if self.chance(0.2) and not self.calm:
            made["ignore"] = {
                self.rng.choice(["keys", "key_prefixes"]): self.some(
                    [*RIGHT[self.schema], "cost", "Name", "unknown"], 2
                )
            }
        if self.chance(0.2):
            made["opts"]["parent"] = self.name_of("component")
        if self.chance(0.05):
            made["opts"]["version"] = "7.1.0"
        made["opts"] |= self.transforms(0.06, ["providers"])
        return made

    def component(self) -> Data:
        return {
            "do": "component",
            "type": self.rng.choice(
                ["corpus:index:Team", "corpus:index:Team", "aws:sagemaker:Team", "Team", "a:b/c:D"]
            ),
            "tags": self.tags() if self.chance(0.3) else None,
            "opts": {**self.options(custom=False), **self.transforms(0.2, ["sagemaker", "all", "components"])},
        }

    def tagged(self) -> Data:
        tags = self.tags(
            fault=0.05, forms=["map", "map", "map", "output", "absent", "unknown", "echo", "secret", "soon"]
        )
        for pair in tags["tags"]:
            if pair[1][0] in ("number", "bool", "deep", "none"):
                pair[1][0] = "plain"
        opts = {**self.options(custom=False), **self.transforms(0.1, ["sagemaker", "all"])}
        return {"do": "tagged", "type": self.rng.choice(TAGGED), "tags": tags, "opts": opts}

    def read(self) -> Data:
        opts = {
            key: value for key, value in self.options(custom=True).items() if key in ("parent", "provider", "version")
        }
        tags = self.tags(forms=["map", "output", "unknown", "secret"]) if self.chance(0.3) else None
        for pair in tags["tags"] if tags else []:
            # The engine cannot read a resource by what is secret and unknown: "malformed RPC secret: missing value".
            pair[1][0] = self.rng.choice(["plain", "plain", "known", "echo"])
        return {"do": "read", "tags": tags, "opts": opts}

    def document(self) -> Data:
        pool = self.rng.choice([0, 1, 2, 8, 9]) if self.calm else self.rng.randrange(DOCUMENTS)
        return {"do": "document", "pool": pool, "tags": None, "opts": self.options(custom=True)}

    def stack(self) -> Data:
        if any(step.get("how", "plain").startswith("apply") for step in self.steps):
            # Whether a transform that is registered now acts on what an apply makes is a race within the SDK, which
            # waits only for what is being registered already (pulumi/runtime/stack.py, _wait_for_pending_rpcs).
            return self.resource()
        return {"do": "stack", "transform": self.stack_transform()}
