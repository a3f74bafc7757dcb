"""Messages on their way to webhooks: signed as Standard Webhooks says, with manners, and again until they are there.

A delivery that a killed process was making is made again when its lease runs out, under the same id.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
from standardwebhooks import Webhook as Signing
from yarl import URL

from catalog import outbox, webhooks
from catalog.claims import LeaseLost
from catalog.database import Database
from catalog.errors import Invalid
from catalog.ids import TenantId
from catalog.outbox import Delivery
from catalog.webhooks import Webhook
from ingest import guard
from ingest.guard import Allowed
from ingest.urls import LONGEST, canonical

AGAIN_AFTER: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""After each attempt that failed, as the specification suggests; after the last one the webhook is disabled."""

_AT_ONCE: Final = 20
_SECONDS: Final = 20.0
_LEASE: Final = timedelta(minutes=5)
_GONE: Final = 410
_JITTER: Final = 0.2
_PROBLEM_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt went: the receiver's status, None where there was none, and what was wrong, if anything.

    `final`: there is no sense in trying again.
    """

    status: int | None
    problem: str | None = None
    final: bool = False

    @property
    def arrived(self) -> bool:
        """Whether it was taken."""
        return self.problem is None


def address(text: str) -> str:
    """A webhook's address, checked as far as that goes without dialling. Raises Invalid."""
    found = canonical(text)
    if len(found) > LONGEST or URL(found).scheme != "https":
        raise Invalid(f"{text[:100]!r} cannot be told of anything: use an https address")
    return found


async def deliver(
    database: Database,
    tenant: TenantId,
    allow: Allowed,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
    followed_by: Sequence[aiohttp.TraceConfig] = (),
) -> int:
    """Make every delivery that is due now; how many arrived. Ends early once `stop` is set.

    Whoever follows the requests gets the Delivery as `trace_request_ctx`.
    """
    arrived, dial = 0, guard.Dial(allow)
    with database.write() as connection:
        outbox.notice_expired(connection, tenant, clock())
        outbox.forget_old(connection, tenant, clock())
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=dial.socket, limit=_AT_ONCE),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=_SECONDS),
        trace_configs=list(followed_by),
    ) as session:
        while not stop.is_set():
            with database.write() as connection:
                claimed = outbox.claim_due(connection, tenant, _AT_ONCE, clock(), _LEASE)
                due = outbox.deliveries(connection, tenant, ids=[row.id for row in claimed.rows])
                known = {each.id: each for each in webhooks.every(connection, tenant)}
            if not due:
                break
            sent = await asyncio.gather(*(_send(session, dial, known[each.webhook_id], each, clock()) for each in due))
            for each, outcome in zip(due, sent, strict=True):
                _write_down(database, tenant, each, claimed.token, outcome, clock())
                arrived += outcome.arrived
    return arrived


async def _send(
    session: aiohttp.ClientSession, dial: guard.Dial, webhook: Webhook, delivery: Delivery, now: datetime
) -> Outcome:
    if webhook.disabled_at is not None:
        return Outcome(None, "the webhook is disabled", final=True)
    headers = {"Content-Type": "application/json", "User-Agent": "Sluis", **signed(webhook, delivery, now)}
    with dial.refusals() as refusals:
        try:
            async with session.post(
                webhook.url,
                data=delivery.body.encode(),
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=delivery,
            ) as response:
                status = response.status  # what it says besides is not read
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Outcome(None, "; ".join(refusals) or f"{type(error).__name__}: it could not be reached in time")
    if 200 <= status < 300:
        return Outcome(status)
    return Outcome(status, f"it answered {status}", final=status == _GONE)


def signed(webhook: Webhook, delivery: Delivery, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks, signed with each secret that counts now."""
    moment = now.astimezone(UTC)
    by_each = [
        Signing(secret).sign(msg_id=delivery.message_id, timestamp=moment, data=delivery.body)
        for secret in webhook.signing(now)
    ]
    return {
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(by_each),
    }


def _write_down(
    database: Database, tenant: TenantId, delivery: Delivery, token: str, outcome: Outcome, now: datetime
) -> None:
    attempts = delivery.attempts + 1
    over = outcome.arrived or outcome.final or attempts > len(AGAIN_AFTER)
    problem = outcome.problem[:_PROBLEM_CHARACTERS] if outcome.problem else None
    due_at, arrived_at = None if over else now + _wait(attempts), now if outcome.arrived else None
    told = {"attempts": attempts, "status": outcome.status, "problem": problem}
    try:
        with database.write() as connection:
            when = {"due_at": due_at, "delivered_at": arrived_at}
            outbox.finish_delivery(connection, tenant, delivery.id, token, **told, **when)
            if over and not outcome.arrived:
                webhooks.disable(connection, tenant, delivery.webhook_id, problem or "", now)
    except LeaseLost:  # another worker has it by now, or it is to be told anew
        return


def _wait(attempts: int) -> timedelta:
    """A little more or less than it says: what failed together is not tried again together."""
    return AGAIN_AFTER[attempts - 1] * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
