"""Secrets and personal numbers are masked, order numbers and amounts are not."""

from __future__ import annotations

import pytest

from common.privacy import Masker, passes_luhn
from common.settings import ROOT

MASKER = Masker.load(ROOT / "data" / "lexicon" / "secret_words.txt")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我电话13812345678", "我电话[phone:****5678]"),
        ("+86 138 1234 5678打给我", "[phone:****5678]打给我"),
        ("身份证11010519491231002X", "身份证[id_card:****002X]"),
        ("身份证110105194912310021", "身份证[id_card:****0021]"),
        ("卡号6222 0212 3456 7890 128", "卡号[bank_card:****0128]"),
        ("发到 lin.zhou@example.com", "发到 [email:l***@example.com]"),
        ("密码是abc12345帮我看看", "密码是[secret]帮我看看"),
        ("验证码：482913", "验证码：[secret]"),
        ("yzm 482913 不对", "yzm [secret] 不对"),
        ("my password is hunter22", "my password is [secret]"),
    ],
)
def test_it_masks(text: str, masked: str) -> None:
    assert MASKER.mask(text) == masked
    assert MASKER.mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "订单YL20261120083512没到账",
        "流水号20261120083512000123456",
        "充了648元，还差1000铜钱",
        "QQ群123456789是真的吗",
        "忘记密码了怎么办",
        "订单号202611200835120001",
        "卡号6222021234567890123是错的",
        "2026-11-23 20:00 掉线",
        "版本2.6.1.20261120",
    ],
)
def test_it_leaves_alone(text: str) -> None:
    assert MASKER.mask(text) == text


def test_luhns_check() -> None:
    assert passes_luhn("4111111111111111") and not passes_luhn("4111111111111112")
