"""A small project of its own, with the real lexicon: three scenarios, six entries, enough utterances to train on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

UTTERANCES = {
    "account_register": "怎么注册|新号咋弄|想建个号|注册不了|一个手机能开几个号|开号要实名吗|点注册没反应|註冊帳號|新号注册在哪|zh怎么弄|"
    "注册要手机吗|新账号开一个",
    "pay_not_arrived": "充值没到账|钱扣了没到|充了648没给|灵玉没到|付款成功没收到|充值怎么还没来|儲值沒到|cz没到账|扣了钱没灵玉|"
    "等半天灵玉没来|充的钱去哪了|钱付了灵玉没加",
    "service_human": "转人工|找客服|来个真人|人工|叫个人来|不要机器人|我要人工客服|找真人|转客服|換真人|人呢出来|叫你们客服来",
    "greet": "你好|在吗|hi|哈喽|早上好|有人在吗|您好|嗨|hello|晚上好|在不在|喂",
    "out_of_scope": "今天天气怎么样|讲个笑话|晚上吃什么|唱首歌|几点了|你喜欢我吗|股票怎么买|帮我写作业|明天下雨吗|推荐电影|"
    "世界杯谁赢|怎么减肥",
}
ENTRIES = {
    "account_register": ("怎么注册新账号？|新手开号步骤|第一次玩怎么建号|在哪里注册", "一个手机号能注册几个？|手机号注册上限|同一个号码能开几个|注册数量限制"),
    "pay_not_arrived": ("充值没到账怎么办？|灵玉没收到咋办|付了钱没到怎么处理|充值迟迟不到", "充值多久到账？|到账要几分钟|充完等多久|充值到账时间"),
    "service_human": ("怎么转人工客服？|如何找到真人|怎样联系人工|人工入口在哪", "人工要排多久？|客服排队时间|转人工等多久|人工多长时间接"),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's folder."""
    for folder in ("data/nlu", "data/stories", "faq_index/library"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "data/lexicon", tmp_path / "data/lexicon")
    _write(tmp_path / "domain.yml", "intents:", [f"- {name}" for name in [*UTTERANCES, "clarify", "request_human"]])
    _write(tmp_path / "faq_index/facts.yml", "pay:", ["  minutes: 10 分钟"])
    for scenario in ENTRIES:
        with (tmp_path / "data/scenarios.yml").open("a", encoding="utf-8") as file:
            file.write(
                f"- id: {scenario}\n  name: {scenario}\n  domain: d\n  covers: [{scenario}]\n  not_this: []\n  tier: 1\n"
                "  skill: general\n  urgency: 1\n  verify: none\n  handoff: none\n"
            )
    nlu = ['version: "3.1"', "nlu:"]
    for intent, texts in UTTERANCES.items():
        nlu += [f"- intent: {intent}", "  examples: |", *(f"    - {text}" for text in texts.split("|"))]
    (tmp_path / "data/nlu/all.yml").write_text("\n".join(nlu) + "\n", encoding="utf-8")
    library = []
    for scenario, entries in ENTRIES.items():
        for number, wordings in enumerate(entries):
            question, *similar = wordings.split("|")
            library += [
                f"- id: {scenario}.q{number}",
                f"  scenario: {scenario}",
                f"  question: {question}",
                "  similar:",
            ]
            library += [*(f"  - {text}" for text in similar), "  answer: |", "    请等 {{pay.minutes}}。"]
    (tmp_path / "faq_index/library/all.yml").write_text("\n".join(library) + "\n", encoding="utf-8")
    return tmp_path


def _write(path: Path, head: str, lines: list[str]) -> None:
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
