"""Asking the configured indexes for one project: every outcome is data, never an exception."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from msgspec import Struct

from envcensus.index import freshness
from envcensus.index.credentials import origin_of, split_credentials
from envcensus.index.entry import Validator
from envcensus.index.faults import RequestFailed
from envcensus.index.links import Links
from envcensus.index.local import LocalError, read_project
from envcensus.index.negotiation import ACCEPT
from envcensus.index.pages import PackPages, PageError, RawPage, pack_pages
from envcensus.index.places import Stamps
from envcensus.index.project_question import Fetched, Outcome, Want
from envcensus.index.secure import is_secure
from envcensus.index.transport import Response, Tally, Transport

NO_INDEX = "no index may be asked"


class _Answer(Struct):
    """One index's answer about one project: a page, "not modified", a failure, or else "no such project"."""

    index: str  # without credentials
    page: RawPage | None = None
    not_modified: bool = False
    failure: str = ""
    validator: Validator | None = None
    lifetime: float | None = None  # seconds; None for a local source
    stale: float = freshness.STALE_IF_ERROR_SECONDS
    keep: bool = True
    dated: bool = True


class ProjectClient:
    """Asks for single projects over one transport. Belongs to the transport's event loop."""

    def __init__(self, transport: Transport, packer: PackPages = pack_pages) -> None:
        self._transport = transport
        self._config = transport.config
        self._packer = packer
        self._links = Links(transport)  # reads each place once, as `_stamps` looks at it once
        self._stamps = Stamps(self._config)
        # Credentials of the index URL come from the keychain, by origin.
        self._indexes = [
            split_credentials(url)[0] for url in self._config.index_urls if is_secure(url, self._config.trusted_hosts)
        ]
        self._refused = len(self._indexes) < len(self._config.index_urls)

    async def fetch(self, want: Want) -> Fetched:
        """Ask all indexes (or, with first-match, one after the other) for one project."""
        tally = Tally()
        now = time.time()
        state = self._stamps.of(want.name)  # before the places are read: what changes meanwhile is noticed next time
        if not self._indexes and self._refused:
            return _failed(want.name, NO_INDEX, tally, now)
        try:
            links = await self._links.of(want.name, tally)
        except (LocalError, RequestFailed, PageError) as error:
            return _failed(want.name, str(error), tally, now)
        validators = {v.index: v for v in want.validators} if state == want.stamp else {}
        answers = await self._ask_all(want.name, validators, tally)
        if any(a.not_modified for a in answers) and not _unchanged(answers, validators):
            # One index has something new: the others' pages are needed again to be merged with it.
            answers = await self._ask_all(want.name, {}, tally)
        failure = next((a.failure for a in answers if a.failure), "")
        if failure:
            return _failed(want.name, failure, tally, now)
        pages = [a.page for a in answers if a.page is not None]
        outcome: Outcome = "found" if pages or links else "not-found"
        packed = None
        if any(a.not_modified for a in answers):
            outcome = "not-modified"
        elif outcome == "found":
            try:
                packed = self._packer(want.name, pages, links)
            except PageError as error:
                return _failed(want.name, str(error), tally, now)
        lifetime = min((a.lifetime for a in answers if a.lifetime is not None), default=freshness.DEFAULT_SECONDS)
        if outcome == "not-found":
            lifetime = min(lifetime, freshness.NEGATIVE_SECONDS)
        stale = min((a.stale for a in answers), default=freshness.STALE_IF_ERROR_SECONDS)
        return Fetched(
            name=want.name,
            outcome=outcome,
            record=packed.record if packed else b"",
            files=packed.files if packed and want.files else b"",
            notes=packed.notes if packed else (),
            validators=tuple(a.validator for a in answers if a.validator is not None),
            fetched=now,
            expires=now + lifetime,
            stale_until=now + lifetime + stale,
            stamp=state,
            requests=tally.requests,
            retries=tally.retries,
            received=tally.received,
            keep=all(a.keep for a in answers),
            dated=all(a.dated for a in answers),
        )

    async def _ask_all(self, name: str, validators: dict[str, Validator], tally: Tally) -> list[_Answer]:
        if len(self._indexes) == 1:
            return [await self._ask(self._indexes[0], name, validators, tally)]
        if self._config.index_strategy == "first-match":
            answers = []
            for index in self._indexes:
                answers.append(await self._ask(index, name, validators, tally))
                if answers[-1].page or answers[-1].not_modified or answers[-1].failure:
                    break
            return answers
        return await asyncio.gather(*(self._ask(index, name, validators, tally) for index in self._indexes))

    async def _ask(self, index: str, name: str, validators: dict[str, Validator], tally: Tally) -> _Answer:
        if index.startswith("file:"):
            try:
                return _Answer(index, page=read_project(index, name, self._transport.limits.max_body))
            except LocalError as error:
                return _Answer(index, failure=str(error))
        headers = {"Accept": ACCEPT}
        if (validator := validators.get(index)) is not None:
            if validator.etag:
                headers["If-None-Match"] = validator.etag
            elif validator.last_modified:
                headers["If-Modified-Since"] = validator.last_modified
        try:
            response = await self._transport.get(f"{index.rstrip('/')}/{name}/", headers, tally)
        except RequestFailed as error:
            return _Answer(index, failure=error.reason)
        return _read(index, response, validator)


def _read(index: str, response: Response, validator: Validator | None) -> _Answer:
    """What a response's status means."""
    headers = response.headers
    lifetime = freshness.lifetime(headers, time.time())
    keep = freshness.may_keep(headers)
    if response.status in (404, 410):
        return _Answer(index, lifetime=lifetime, keep=keep)
    if response.status not in (200, 304) or (response.status == 304 and validator is None):
        return _Answer(index, failure=f"{origin_of(response.url)} {_status_reason(response.status)}")
    fresh = Validator(index, headers.get("ETag", ""), headers.get("Last-Modified", ""))
    stale = freshness.grace(headers)
    if response.status == 304:
        kept = fresh if fresh.etag or fresh.last_modified else validator
        dated = freshness.says(headers)
        return _Answer(index, not_modified=True, validator=kept, lifetime=lifetime, stale=stale, keep=keep, dated=dated)
    return _Answer(
        index,
        page=RawPage(response.body, headers.get("Content-Type", ""), response.url),
        validator=fresh if fresh.etag or fresh.last_modified else None,
        lifetime=lifetime,
        stale=stale,
        keep=keep,
    )


def _status_reason(status: int) -> str:
    if status == 401:
        return "asks for credentials, or does not accept those it was sent (401)"
    if status == 403:
        return "forbids access (403)"
    return f"answered {status}"


def _unchanged(answers: Sequence[_Answer], validators: dict[str, Validator]) -> bool:
    """Whether the cached record stands: every index that had a page says so, and no other has one now.

    Local sources (without a lifetime) are unchanged: validators are not used where the stamp differs.
    """
    return all(
        a.not_modified or a.failure or a.lifetime is None or (a.page is None and a.index not in validators)
        for a in answers
    )


def _failed(name: str, reason: str, tally: Tally, now: float) -> Fetched:
    return Fetched(
        name=name,
        outcome="failed",
        reason=reason,
        fetched=now,
        requests=tally.requests,
        retries=tally.retries,
        received=tally.received,
    )
