"""What every component does with its arguments: refuse misspelt ones, say where it is made, name what it adopts."""

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from inspect import isawaitable
from pathlib import Path
from types import FrameType
from typing import Any

import pulumi

from costtags.components.context import project_folder
from costtags.suggest import nearest

# In a process that serves components to a program in another language, the user's code is not below this module.
_SERVER = "pulumi.provider.server"


def users_line() -> str:
    """Return "FILE:LINE: " of the nearest frame in the user's own code, or "" where there is none."""
    paths = sysconfig.get_paths()
    folders = (paths["purelib"], paths["platlib"], paths["stdlib"], str(Path(__file__).parent))
    installed = (*(folder + os.sep for folder in folders), "<")
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(installed):
        frame = None if frame.f_globals.get("__name__") == _SERVER else frame.f_back
    if frame is None or frame.f_globals.get("__name__") == _SERVER:
        return ""
    file = Path(frame.f_code.co_filename).resolve()
    folder = project_folder()
    return f"{file.relative_to(folder) if file.is_relative_to(folder) else file}:{frame.f_lineno}: "


def check_arguments(token: str, name: str, **given: tuple[Mapping[str, Any], type]) -> None:
    """Refuse arguments that are misspelt or missing, all at once, before anything is registered.

    ``given`` holds, by the name of a group ("args" for those of the component), the arguments and their TypedDict.
    """
    problems = [problem for group, (args, shape) in given.items() for problem in _argument_problems(group, args, shape)]
    if problems:
        title = f'{users_line()}{token.rsplit(":", 1)[1]} "{name}" cannot be made:'
        raise pulumi.RunError("\n  ".join([title, *problems]))


def _argument_problems(group: str, args: Any, shape: Any) -> Iterator[str]:
    where = "" if group == "args" else f" of {group}"
    if not isinstance(args, Mapping):
        given = "nothing" if args is None else f"a {type(args).__name__}"
        example = next(iter(sorted(shape.__required_keys__ or shape.__optional_keys__)))
        yield f'arguments{where} go into one dict, {{"{example}": ...}}, not {given}'
        return
    tags = args.get("tags")
    if not (tags is None or isinstance(tags, Mapping | pulumi.Output) or isawaitable(tags)):
        yield f'"tags"{where} must be a map of keys to values, {{"key": "value"}}, not a {type(tags).__name__}'
    known = (*shape.__required_keys__, *shape.__optional_keys__)
    for key in args:
        if key not in known:
            near = nearest(key, sorted(known))
            yield f'unknown argument "{key}"{where}' + (f'; did you mean "{near}"?' if near else "")
    for key in sorted(shape.__required_keys__):
        if args.get(key) is None:
            yield f'argument "{key}"{where} is missing'


def child_options(component: pulumi.Resource, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return the options of a child: it adopts a resource of its name and type that stood in the component's place."""
    parent = opts.parent if opts is not None else None
    return pulumi.ResourceOptions(parent=component, aliases=[pulumi.Alias(parent=parent)])
