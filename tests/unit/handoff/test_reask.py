"""An agent's message asks again only when it asks, and only for what the summary holds.

TUNED were looked at while data/lexicon/reask.tsv was written. 74 more were written by the same author, who knew the rules,
before they were first run: 68 were right, 6 re-asks were missed, none was a false alarm. The rules were then mended for
those six, which now stand in TUNED; UNSEEN are the others, so that they keep passing.
"""

from __future__ import annotations

import pytest

from handoff.protocol import Summary, SummaryLine
from handoff.reask import asked_again

HELD = {
    "order_number": "YL20261120083512",
    "amount": "648 元",
    "time": "昨晚8点",
    "server": "青云三区",
    "device": "iPhone 15",
    "item": "改名卡",
    "role": "月下独酌",
    "version": "2.3.1",
    "card_number": "6222 **** 1234",
    "phone": "[phone:****5678]",
    "email": "a***@qq.com",
}


def summary(*kinds: str) -> Summary:
    return Summary(
        lines=[SummaryLine(kind="fact", refs=[1], data={"kind": kind, "value": HELD[kind]}) for kind in kinds], upto=1
    )


EVERYTHING = summary(*HELD)

TUNED = [
    ("订单号发一下", "order_number"),
    ("麻烦提供下充值时间", "time"),
    ("哪个区服的呀", "server"),
    ("几点充的", "time"),
    ("请问您的订单号是多少？", "order_number"),
    ("亲，麻烦您把订单号发给我哦", "order_number"),
    ("麻烦提供一下订单号、充值时间和充值金额", "order_number time amount"),
    ("您充了多少钱呢", "amount"),
    ("请问充值金额是多少", "amount"),
    ("您是什么手机呀？", "device"),
    ("方便说下您的机型吗", "device"),
    ("角色名是什么", "role"),
    ("麻烦告诉我您的角色名和区服", "role server"),
    ("您在几区？", "server"),
    ("丢的是什么道具", "item"),
    ("游戏版本号多少", "version"),
    ("有订单号吗", "order_number"),
    ("没看到您的订单号，麻烦发一下", "order_number"),
    ("订单号？", "order_number"),
    ("请提供以下信息：1.订单号 2.充值时间 3.区服", "order_number time server"),
    ("留个联系电话吧", "phone"),
    ("什么时候付的款", "time"),
    ("具体是哪天发生的", "time"),
    ("麻煩提供一下訂單號", "order_number"),
    ("您的订单号YL20261120083512我查到了", ""),
    ("订单号我看到了，金额是648对吗", ""),
    ("您好，已经看到您的订单号和充值时间，正在核实", ""),
    ("请稍等，我核实一下订单", ""),
    ("您的充值金额是648元，对吧", ""),
    ("不用再提供订单号了", ""),
    ("请不要把订单号发给别人", ""),
    ("稍后把新的订单号发给您", ""),
    ("一般什么时候到账要看支付渠道", ""),
    ("服务器正在维护，请耐心等待", ""),
    ("您几点方便接电话？", ""),
    ("请问还有其他订单号吗", ""),
    ("给我一点时间查一下", ""),
    ("您说的青云三区是这个区服吗", ""),
    ("麻烦发一下订单截图", ""),
    ("可以在设置里查看版本号", ""),
    ("月下独酌是您的角色名对吗", ""),
    ("无论充了多少钱都能查到", ""),
    ("那个订单的编号您还留着吗", "order_number"),
    ("可以把充值那会儿的时间跟我讲一下吗", "time"),
    ("这是啥时候的事情呢", "time"),
    ("是今天充的还是昨天充的呀", "time"),
    ("具体丢失的物品有哪些呢", "item"),
    ("您好，为了尽快帮您处理，麻烦补充：区服、角色ID、订单号，感谢配合", "server role order_number"),
]

UNSEEN = [
    ("单号给我一下呗", "order_number"),
    ("麻烦您再发一遍订单编号，谢谢", "order_number"),
    ("能提供一下支付的流水号吗？", "order_number"),
    ("订单号还记得吗", "order_number"),
    ("方便把订单号报给我吗", "order_number"),
    ("您好，需要您提供订单号才能查询", "order_number"),
    ("请问是什么时间充值的呢", "time"),
    ("大概几点掉线的？", "time"),
    ("什么时候被盗的", "time"),
    ("您是哪一天买的", "time"),
    ("充值时间方便告知一下吗", "time"),
    ("一共充了多少呀", "amount"),
    ("这笔是多少钱的", "amount"),
    ("付款金额麻烦说一下", "amount"),
    ("扣了您多少钱", "amount"),
    ("您在哪个服玩", "server"),
    ("麻烦报一下大区", "server"),
    ("请问您的服务器是？", "server"),
    ("您用的是什么设备", "device"),
    ("手机型号提供一下", "device"),
    ("请问是苹果还是安卓手机", "device"),
    ("您的角色昵称叫什么", "role"),
    ("游戏ID发我下", "role"),
    ("请问少了哪个道具呢", "item"),
    ("客户端是哪个版本的", "version"),
    ("手机号码多少，我登记一下", "phone"),
    ("您方便留一下邮箱吗", "email"),
    ("请把订单号，金额，时间发我", "order_number amount time"),
    ("您好呀，订单号和角色名分别是什么", "order_number role"),
    ("您好，我是客服小云，已经看到您的情况了", ""),
    ("您昨晚8点充的那笔我查到了", ""),
    ("648元这笔已经补发", ""),
    ("收到您的订单号啦，马上查", ""),
    ("订单号没问题，后台显示已支付", ""),
    ("跟您确认一下，区服是青云三区，对吗", ""),
    ("预计明天几点前给您答复", ""),
    ("您什么时候有空我给您回电", ""),
    ("订单号在支付记录里可以看到", ""),
    ("请勿向他人透露手机号", ""),
    ("充值多少都会按规则返还", ""),
    ("道具已经发到您的邮箱", ""),
    ("建议您更换手机型号较新的设备试试", ""),
    ("麻烦发一下报错截图", ""),
    ("补偿会在三天内到账，请查收", ""),
    ("还需要什么帮助吗", ""),
    ("是什么原因导致的我们在查", ""),
    ("您的角色名已经改好了", ""),
    ("为了核实，请上传身份证明", ""),
    ("亲亲这边需要核对下，单号方便给下不", "order_number"),
    ("您买的是648的还是328的档位", ""),
    ("大约扣掉您多少块呢", "amount"),
    ("您是哪区的", "server"),
    ("区服角色名报一下哈", "server role"),
    ("拿什么手机玩的", "device"),
    ("安卓还是苹果的呢", "device"),
    ("您那边显示的是哪个版本号", "version"),
    ("把您联系方式留一下，稍后同事联系您", "phone"),
    ("我先帮您查下订单，稍等两分钟哦", ""),
    ("这个订单号对应的金额已经退回原支付渠道", ""),
    ("您提供的订单号和区服都对得上，我提交给技术", ""),
    ("能看到您昨晚8点有一笔648元的支付", ""),
    ("工单里已经带上订单号，您不用再说一遍", ""),
    ("技术反馈说是服务器延迟，稍后会补发道具", ""),
    ("到账时间最长是24小时", ""),
    ("等时间到了会自动解封", ""),
    ("您可以在“我的订单”里看到订单号", ""),
    ("改名卡已经退回您的背包，角色名可以重新改", ""),
    ("如果还有问题随时联系我们", ""),
]


def right(case: tuple[str, str]) -> bool:
    text, kinds = case
    return set(asked_again(text, EVERYTHING)) == set(kinds.split())


@pytest.mark.parametrize("case", TUNED, ids=lambda case: case[0])
def test_asking_is_told_from_stating(case: tuple[str, str]) -> None:
    assert right(case), asked_again(case[0], EVERYTHING)


@pytest.mark.parametrize("case", UNSEEN, ids=lambda case: case[0])
def test_texts_that_were_right_at_first_sight_stay_so(case: tuple[str, str]) -> None:
    assert right(case), asked_again(case[0], EVERYTHING)


def test_only_what_the_summary_holds_is_asked_again() -> None:
    assert asked_again("订单号和充值金额麻烦提供一下", summary("amount")) == ["amount"]
    assert asked_again("订单号和充值金额麻烦提供一下", summary("server")) == []


def test_without_a_summary_nothing_is_asked_again() -> None:
    assert asked_again("订单号发一下", None) == []


def test_a_kind_is_named_once() -> None:
    assert asked_again("订单号发一下？订单号是多少", EVERYTHING) == ["order_number"]


def test_a_question_that_says_the_value_is_a_confirmation() -> None:
    assert asked_again("订单号YL20261120083512发一下确认是不是这个", EVERYTHING) == []
    assert asked_again("648这笔的金额是多少来着", EVERYTHING) == []
