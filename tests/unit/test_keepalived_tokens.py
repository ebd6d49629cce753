"""The words of a line, as keepalived's three readings see them."""

from __future__ import annotations

import pytest

from hasim.keepalived.tokens import TokenError, split_at_brace, split_script, split_words, strip_comment


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("  priority 100  ", "priority 100"),
        ("priority 100 # comment", "priority 100"),
        ("priority 100!comment without a blank", "priority 100"),
        ("# only a comment", ""),
        ('auth_pass "a # b" # c', 'auth_pass "a # b"'),
        ("auth_pass 'a # b'", "auth_pass 'a"),
        (r"a\#b \! c", "a#b ! c"),
        (r'"a\"#b" c#d', r'"a\"#b" c'),
        ("continued   \\", "continued\\"),
        ("continued # even in a comment \\", "continued\\"),
    ],
)
def test_comments_start_anywhere_but_between_double_quotes(line: str, text: str) -> None:
    assert strip_comment(line).text == text


def test_an_unterminated_double_quote_is_noticed() -> None:
    assert strip_comment('auth_pass "secret').unterminated
    assert not strip_comment("auth_pass 'secret").unterminated


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('router_id "two words"', ("router_id", "two words")),
        ('abc"def"ghi', ("abc", "def", "ghi")),
        ("a\t b\fc", ("a", "b", "c")),
        (r'"a\"b', ("a\\", "b")),
        ("'single quotes'", ("'single", "quotes'")),
        ('""', ("",)),
        ("   ", ()),
    ],
)
def test_statements_know_double_quotes_only(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text)[0] == words


def test_an_unmatched_quote_ends_the_words() -> None:
    assert split_words('a "b') == (("a",), True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/bin/x 'a b' \"c d\"", ("/bin/x", "a b", "c d")),
        ('abcd" efg h jkl "mnop', ("abcd efg h jkl mnop",)),
        (r"\x41\102\cA\E\\\"\z", ('AB\x01\x1b\\"z',)),
        (r"'it'\''s'", ("it's",)),
        ("''", ("",)),
    ],
)
def test_scripts_know_both_quotes_and_the_escapes_of_a_shell(text: str, words: tuple[str, ...]) -> None:
    assert split_script(text) == words


@pytest.mark.parametrize("text", ["'open", '"open', "end\\"])
def test_an_unfinished_script_is_refused(text: str) -> None:
    with pytest.raises(TokenError):
        split_script(text)


@pytest.mark.parametrize(
    ("text", "now", "later"),
    [
        ("vrrp_instance VI_1 {", "vrrp_instance VI_1", "{"),
        ("{ a }", "{", "a }"),
        ("a }", "a", "}"),
        ("}", "}", ""),
        ('"{" x', '"{" x', ""),
        ("no brace", "no brace", ""),
    ],
)
def test_a_brace_is_read_alone(text: str, now: str, later: str) -> None:
    assert split_at_brace(text)[:2] == (now, later)
