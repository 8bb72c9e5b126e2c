"""Bugs to plant in the handoff engine: the mistakes that a hand would make, each a small edit that the proofs must notice."""

from __future__ import annotations

from dataclasses import dataclass

QUEUE, LIB = "handoff/lua/_queue.lua", "handoff/lua/_lib.lua"
STATE, STORE, ENGINE = "handoff/memory_state.py", "handoff/memory_store.py", "handoff/memory_engine.py"


@dataclass(frozen=True)
class Plant:
    """An edit: `old` stands exactly once in `file`."""

    name: str
    file: str
    old: str
    new: str


PLANTS = (
    Plant(
        "epoch_kept_on_transfer",
        QUEUE,
        "move(c, 'agent', 'active', before == 'agent')",
        "move(c, 'agent', 'active')",
    ),
    Plant("capacity_off_by_one", QUEUE, "if taken + units > capacity then", "if taken > capacity then"),
    Plant(
        "group_queue_entry_left_at_accept",
        QUEUE,
        "  redis.call('ZREM', key('queue', c.group), c.id)\n  drop_offers(c, state, actor)",
        "  drop_offers(c, state, actor)",
    ),
    Plant(
        "offer_not_rescinded_when_pulled",
        QUEUE,
        "  drop_offers(c, state, actor)\n  redis.call('HDEL', key('c', c.id), 'called_at'",
        "  shut_to_offers(c)\n  redis.call('HDEL', key('c', c.id), 'called_at'",
    ),
    Plant(
        "offer_keeps_its_units",
        QUEUE,
        "  redis.call('HDEL', key('a', offer.agent, 'offers'), offer.id)\n",
        "",
    ),
    Plant(
        "slot_kept_on_close",
        QUEUE,
        "    leave_slot(c.agent, c)\n    if c.state == 'active'",
        "    if c.state == 'active'",
    ),
    Plant(
        "guests_left_behind",
        QUEUE,
        "  drop_guests(c)\n  redis.call('ZREM', key('wrapups'), c.id)",
        "  redis.call('ZREM', key('wrapups'), c.id)",
    ),
    Plant(
        "timers_outlive_the_episode",
        QUEUE,
        "'end_reason', reason)\n  clear(c, unpack(TIMERS))",
        "'end_reason', reason)",
    ),
    Plant(
        "parked_conversation_stays_free",
        QUEUE,
        "    redis.call('HSET', key('a', c.agent, 'load'), c.id, A.units.chat)\n",
        "",
    ),
    Plant(
        "head_start_adds_up",
        QUEUE,
        "local gained = math.max(0, r.head_start - before)",
        "local gained = r.head_start",
    ),
    Plant("bot_may_answer_after_accept", QUEUE, "  if before == 'queue' then silence(c) end\n", ""),
    Plant(
        "wait_clock_starts_twice",
        QUEUE,
        "if redis.call('HSETNX', key('e', c.ep), 'accepted_at', now) == 1 then",
        "if redis.call('HSET', key('e', c.ep), 'accepted_at', now) then",
    ),
    Plant(
        "note_in_the_players_log",
        LIB,
        "  redis.call('XADD', key('c', c.id, 'notes'), n .. '-0', 'e', json)\n",
        "  redis.call('XADD', key('c', c.id, 'notes'), n .. '-0', 'e', json)\n  append(c, json)\n",
    ),
    Plant(
        "command_id_not_remembered",
        LIB,
        "  redis.call('HSET', key('ids', actor), id, mac .. '|' .. answer)\n",
        "",
    ),
    Plant(
        "timer_fires_at_any_time",
        "handoff/lua/fire.lua",
        "if not at or tonumber(at) ~= A.at or A.at > now then",
        "if not at then",
    ),
    Plant(
        "requeued_with_a_new_key",
        "handoff/lua/requeue.lua",
        "enter_queue(c)\n",
        "c.qkey = now\nredis.call('HSET', key('c', c.id), 'qkey', string.format('%.0f', now))\nenter_queue(c)\n",
    ),
    Plant(
        "agent_who_came_back_loses_it",
        "handoff/lua/requeue.lua",
        "if seen(c.agent) then return illegal(c, 'requeue') end\n",
        "",
    ),
    Plant(
        "lost_lease_commits",
        "handoff/lua/commit_turn.lua",
        "if c.lease ~= A.token then return fail('lease_lost') end\n",
        "",
    ),
    Plant(
        "stale_epoch_writes",
        "handoff/lua/say.lua",
        "if c.epoch ~= A.epoch then return fail('stale_epoch', whose(c)) end\n",
        "",
    ),
    Plant(
        "expired_offer_accepted",
        "handoff/lua/take.lua",
        "tonumber(offer.expires_at) <= now then",
        "tonumber(offer.expires_at) <= now - 60000 then",
    ),
    Plant(
        "rejected_offer_goes_to_nobody",
        "handoff/lua/end_offer.lua",
        "turned_down(offer, c)\nopen_to_offers(c)\n",
        "turned_down(offer, c)\n",
    ),
    Plant(
        "break_one_miss_too_late", "handoff/lua/end_offer.lua", "if missed >= A.missed and", "if missed > A.missed and"
    ),
    Plant("message_reaches_no_worker", "handoff/lua/append.lua", "else\n  wake(c)\n", "else\n"),
    Plant(
        "archived_although_it_moved_on",
        "handoff/lua/forget.lua",
        "c.n ~= A.n or ",
        "",
    ),
    Plant(
        "two_transfers_at_once",
        ENGINE,
        "if c.transfer or to_agent == agent:",
        "if to_agent == agent:",
    ),
    Plant("moved_timer_fires", ENGINE, "if at is None or at != due.at or at > ", "if at is None or at > "),
    Plant("owner_is_also_a_guest", STATE, "            c.guests.pop(agent, None)\n", ""),
    Plant(
        "command_answer_forgotten",
        STATE,
        "        self._ids[(actor, command.id)] = (command.mac, stored)\n",
        "",
    ),
    Plant(
        "reservation_holds_nothing",
        STATE,
        "return sum(a.load.values()) + sum(a.offers.values())",
        "return sum(a.load.values())",
    ),
    Plant(
        "waiting_player_hears_nothing",
        STATE,
        '        self._timer(c, "notice", self._clock.now_ms() + self.policy.times.notice * 1000)\n',
        "",
    ),
    Plant(
        "silent_player_closed_after_writing",
        STORE,
        '            self._clear(c, "ask", "close")\n',
        "",
    ),
    Plant(
        "wrap_up_keeps_its_timers",
        STORE,
        "        self._drop_guests(c)\n        self._clear(c)\n",
        "        self._drop_guests(c)\n",
    ),
    Plant(
        "head_start_not_capped",
        "handoff/priority.py",
        "return max(low, min(high, value))",
        "return max(low, value)",
    ),
    Plant(
        "first_come_first_served",
        "handoff/routing.py",
        "order = sorted(waiting, key=lambda item: (item.key, item.conversation))",
        "order = sorted(waiting, key=lambda item: (item.requested_at, item.conversation))",
    ),
    Plant("skill_ignored", "handoff/routing.py", ">= need.skill\n", ">= 0\n"),
    Plant(
        "late_request_keeps_its_tier",
        "handoff/deadlines.py",
        "raised = min(TOP_TIER, episode.tier + 1)",
        "raised = episode.tier",
    ),
    Plant(
        "notices_in_a_burst_after_a_clock_jump",
        "handoff/deadlines.py",
        "next_at = due.at + period if due.at + period > now_ms else now_ms + period",
        "next_at = due.at + period",
    ),
)
