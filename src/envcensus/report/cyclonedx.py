"""CycloneDX 1.6 in JSON, made by cyclonedx-python-lib: a component per project and version, one per environment,
and which environment holds what as dependencies.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import envcensus
from envcensus._kernels.names import is_valid_name
from envcensus.errors import EnvcensusError
from envcensus.model.census import Census
from envcensus.model.display import neutral
from envcensus.model.environment import Environment
from envcensus.report.columns import about
from envcensus.report.options import RenderOptions

try:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.dependency import Dependable, Dependency
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL
except ImportError as error:
    raise EnvcensusError(
        "the cyclonedx format needs cyclonedx-python-lib", remedy="pip install 'envcensus[sbom]'"
    ) from error


def render(census: Census, options: RenderOptions) -> Iterator[str]:
    """The bill of materials, in one piece. Everything installed is in it, whatever `show` says."""
    bom = Bom()
    _describe(bom, census, options)
    packages: dict[tuple[str, str], Component] = {}
    dependencies: list[Dependency] = []
    for survey in census.surveys:
        holder = _holder(survey.environment)
        bom.components.add(holder)
        held = []
        for finding in survey.findings:
            key = (finding.distribution.normalized, finding.distribution.version)
            if key not in packages:
                packages[key] = _component(*key, finding.distribution.name)
            held.append(Dependency(packages[key].bom_ref))
            if finding.yanked is not None:
                packages[key].properties.add(
                    Property(name="envcensus:yanked", value=neutral(finding.yanked) or "yanked")
                )
        # Not register_dependency: it looks through all earlier ones each time.
        dependencies.append(Dependency(holder.bom_ref, dependencies=held))
    for component in packages.values():
        bom.components.add(component)
    dependencies.extend(Dependency(component.bom_ref) for component in packages.values())
    bom.dependencies = dependencies
    # The library would look for each component among all of them once more (minutes for 20,000): all are there.
    bom.register_dependency = _registered  # type: ignore[method-assign]
    # The serial number is to be unique per document, and a function of what is in it.
    names = "\n".join(sorted(c.bom_ref.value or "" for c in bom.components))
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"envcensus:{census.generated!r}\n{names}")
    yield JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _describe(bom: Bom, census: Census, options: RenderOptions) -> None:
    """When and by what the document was made, and what is missing in it."""
    bom.metadata.timestamp = datetime.fromtimestamp(census.generated, UTC)
    tool = Component(name="envcensus", version=options.version or envcensus.__version__, type=ComponentType.APPLICATION)
    bom.metadata.tools.components.add(tool)
    complete = "true" if census.complete else "false"
    bom.metadata.properties.add(Property(name="envcensus:complete", value=complete))
    for row in census.skipped:
        said = f"{row.what} {row.where}: {row.reason}"
        bom.metadata.properties.add(Property(name="envcensus:skipped", value=neutral(said)))


def _holder(environment: Environment) -> Component:
    """An environment."""
    return Component(
        name=neutral(environment.path),
        type=ComponentType.PLATFORM,
        bom_ref=neutral(f"environment:{environment.host}:{environment.path}"),
        description=neutral(about(environment)),
        properties=[Property(name="envcensus:kind", value=environment.kind)],
    )


def _registered(target: Dependable, depends_on: Iterable[Dependable] | None = None) -> None:
    """In place of `Bom.register_dependency`."""


def _component(normalized: str, version: str, name: str) -> Component:
    version = neutral(version)
    return Component(
        name=neutral(name),
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"package:{neutral(normalized)}@{version}",
        purl=PackageURL(type="pypi", name=normalized, version=version) if is_valid_name(normalized) else None,
    )
