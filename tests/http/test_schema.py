"""Whatever fits /openapi.json, and what does not, gets an answer and never a server error."""

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error

from tests.http.running import Served

LEFT_OUT = "/health|/ready|/metrics|/api/libraries/{library}/reindex"


def test_the_schema_is_whole(served: Served) -> None:
    schema = served.http.get("/openapi.json").json()
    assert {"/v1/chat/completions", "/v1/responses", "/v1/vector_stores", "/api/source"} <= set(
        schema["paths"]
    )
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert "422" not in operation["responses"], path
            assert "4XX" in operation["responses"], path


@pytest.mark.slow
def test_no_request_makes_the_server_fail(served: Served) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json", timeout=100).exclude(
        path_regex=LEFT_OUT
    )
    for result in schema.get_all_operations():
        operation = result.ok()

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=15,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            derandomize=True,
        )
        def attempt(case: schemathesis.Case) -> None:
            response = case.call(timeout=30)
            case.validate_response(response, checks=[not_a_server_error])
            if response.status_code >= 400:
                assert response.json()["error"].keys() == {"message", "type", "param", "code"}

        attempt()
    assert served.http.get("/health").status_code == 200
