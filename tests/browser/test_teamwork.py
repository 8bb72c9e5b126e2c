"""Colleagues at a conversation: handing it over, helping with it, watching it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bench.stack import Stack
from tests.browser.conftest import OpenDesk, OpenPlayer
from tests.browser.pages import DeskPage, PlayerPage

NOTE = "已核实到账记录，请查补发"
WHISPER = "先安抚，再核对订单"


@pytest.fixture
def player(open_player: OpenPlayer) -> PlayerPage:
    return open_player(name="林小舟")


@pytest.fixture
def owner(player: PlayerPage, open_desk: OpenDesk) -> DeskPage:
    """The desk of the agent who has the player's conversation and has greeted them."""
    desk = open_desk()
    player.wait_for_person("灵玉还没到账")
    desk.accept(player)
    desk.send("您好，正在核对")
    expect(player.said("agent", "正在核对")).to_have_count(1)
    return desk


def test_a_transfer_with_a_note_changes_the_owner_when_the_colleague_accepts_it(
    player: PlayerPage, owner: DeskPage, open_desk: OpenDesk
) -> None:
    colleague = open_desk()
    heard = player.listen()
    owner.request("transfer", colleague.display(), NOTE)
    expect(owner.page.get_by_test_id("transfer-banner")).to_contain_text(colleague.display())
    expect(colleague.offer("transfer", player)).to_contain_text(NOTE)
    expect(colleague.offer("transfer", player)).to_contain_text(owner.display())
    owner.send("我请同事接着处理")  # until then it is still theirs
    expect(player.said("agent", "请同事接着处理")).to_have_count(1)

    colleague.take("transfer", player)
    expect(player.event("transferred")).to_contain_text(f"{owner.display()} 已将您转接给 {colleague.display()}")
    expect(owner.page.get_by_test_id("read-only")).to_contain_text(colleague.display())
    expect(owner.mine(player)).to_have_count(0)
    expect(colleague.said("agent", "正在核对")).to_have_count(1)
    expect(colleague.notes).to_contain_text(NOTE)
    colleague.send("您好，我来补发")
    expect(player.said("agent", "我来补发")).to_have_count(1)
    assert not [frame for frame in heard if NOTE in frame]
    colleague.end(player)


def test_a_transfer_that_is_declined_or_withdrawn_leaves_the_conversation_where_it_was(
    player: PlayerPage, owner: DeskPage, open_desk: OpenDesk
) -> None:
    colleague = open_desk()
    owner.request("transfer", colleague.display(), NOTE)
    colleague.offer("transfer", player).get_by_test_id("offer-reject").click()
    expect(owner.page.get_by_test_id("transfer-banner")).to_have_count(0)
    expect(owner.notes.filter(has_text="同事没有接受")).to_have_count(1)

    owner.request("transfer", colleague.display(), NOTE)
    expect(colleague.offer("transfer", player)).to_have_count(1)
    owner.page.get_by_test_id("cancel-transfer").click()
    expect(colleague.offer("transfer", player)).to_have_count(0)
    expect(owner.page.get_by_test_id("transfer-banner")).to_have_count(0)
    owner.send("还是我为您处理")
    expect(player.said("agent", "还是我为您处理")).to_have_count(1)
    expect(player.event("transferred")).to_have_count(0)
    owner.end(player)


def test_a_transfer_to_a_group_goes_to_one_of_its_agents(
    player: PlayerPage, owner: DeskPage, open_desk: OpenDesk
) -> None:
    colleague = open_desk()
    owner.request("transfer", "综合客服", NOTE)
    expect(owner.page.get_by_test_id("transfer-banner")).to_contain_text("综合客服")
    colleague.take("transfer", player)
    expect(player.event("transferred")).to_contain_text(colleague.display())
    expect(colleague.owner).to_have_attribute("data-owner", "agent")
    expect(colleague.mine(player)).to_have_count(1)
    colleague.end(player)


def test_an_invited_colleague_writes_to_the_player_and_leaves_again(
    player: PlayerPage, owner: DeskPage, open_desk: OpenDesk
) -> None:
    guest = open_desk()
    owner.request("invite", guest.display(), "请一起看看账号安全")
    guest.take("invite", player)
    expect(player.event("joined")).to_contain_text(guest.display())
    expect(player.page.get_by_test_id("owner")).to_contain_text(f"{owner.display()}、{guest.display()}")
    expect(owner.page.get_by_test_id("guests")).to_contain_text(guest.display())
    guest.send("我是账号安全的同事")
    expect(player.said("agent", "账号安全的同事")).to_contain_text(guest.display())
    owner.send("支付这边由我继续")
    expect(player.said("agent", "支付这边由我继续")).to_contain_text(owner.display())
    expect(guest.said("agent", "支付这边由我继续")).to_have_count(1)

    guest.page.get_by_test_id("leave").click()
    expect(player.event("left")).to_contain_text(guest.display())
    expect(guest.page.get_by_test_id("read-only")).to_contain_text(owner.display())
    expect(owner.page.get_by_test_id("guests")).to_have_count(0)
    owner.send("我们继续")
    expect(player.said("agent", "我们继续")).to_have_count(1)
    owner.end(player)


def test_a_supervisor_watches_unseen_whispers_to_the_agent_alone_and_takes_over(
    stack: Stack, player: PlayerPage, owner: DeskPage, open_desk: OpenDesk
) -> None:
    heard = player.listen()
    supervisor = open_desk(stack.login)
    supervisor.show("board")
    row = supervisor.page.get_by_test_id("board-conversations").get_by_role("row").filter(has_text=player.name)
    expect(row).to_contain_text(owner.display())
    row.get_by_test_id("watch").click()
    player.send("还要多久")
    expect(supervisor.said("player", "还要多久")).to_have_count(1)
    expect(supervisor.page.get_by_test_id("read-only")).to_contain_text(owner.display())

    supervisor.page.get_by_test_id("whisper").click()
    supervisor.fill("whisper-dialog", WHISPER)
    expect(owner.page.get_by_test_id("whispers")).to_contain_text(WHISPER)
    owner.page.get_by_test_id("whispers-seen").click()
    expect(owner.page.get_by_test_id("whispers")).to_have_count(0)

    seen = player.transcript()
    supervisor.page.get_by_test_id("take-over").click()
    supervisor.fill("take-over-dialog", "由我跟进")
    expect(player.event("taken_over")).to_contain_text(supervisor.display())
    assert player.transcript()[: len(seen)] == seen
    assert supervisor.display() not in " ".join(words for _, words in seen)
    expect(owner.page.get_by_test_id("read-only")).to_contain_text(supervisor.display())
    supervisor.send("我是主管，马上为您处理")
    expect(player.said("agent", "我是主管")).to_have_count(1)
    assert not [frame for frame in heard if WHISPER in frame or "由我跟进" in frame]
    supervisor.end(player)
