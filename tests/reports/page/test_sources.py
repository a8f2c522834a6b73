import pytest
from bs4 import BeautifulSoup

from reports.page.sources import linked


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("SRCNN, ECCV 2014, Table 1", ["https://doi.org/10.1007/978-3-319-10593-2_13"]),
        (
            "Zheng222/IDN-Caffe@482c601 README; a/b.c@e1fd21e Figs/r.png",
            [
                "https://github.com/Zheng222/IDN-Caffe/tree/482c601",
                "https://github.com/a/b.c/tree/e1fd21e",
            ],
        ),
        ("see 10.1109/TIP.2021.1234567; and", ["https://doi.org/10.1109/TIP.2021.1234567"]),
        ("<b>a/b@nothex</b> javascript:x", []),
    ],
)
def test_sources_are_links(text: str, urls: list[str]) -> None:
    found = BeautifulSoup(str(linked(text)), "html.parser")
    assert found.get_text() == text
    assert [tag["href"] for tag in found.find_all("a")] == urls
    assert not found.find("b")
