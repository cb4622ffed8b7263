"""A Pydantic AI agent runs under the Logfire SDK; what it cost, and which tools it called, is asked for."""

import os
import warnings
from pathlib import Path

import logfire
from logfire import AdvancedOptions
from place import BASE_URL, WRITE_TOKEN, equal, rows, true
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

logfire.configure(
    token=WRITE_TOKEN, advanced=AdvancedOptions(base_url=BASE_URL), service_name='agents', console=False, scrubbing=False
)
with warnings.catch_warnings():
    # The names of this version of the format are those that the saved queries of users know.
    warnings.simplefilter('ignore')
    logfire.instrument_pydantic_ai(version=2)


def answers(messages, info: AgentInfo) -> ModelResponse:
    """Calls the tool first, then answers, and says what both took."""
    is_first = len(messages) == 1
    parts = [ToolCallPart('stock_level', {'sku': 'SKU-7'})] if is_first else [TextPart('There are 7.')]
    usage = RequestUsage(input_tokens=1000, output_tokens=50)
    return ModelResponse(parts=parts, usage=usage, model_name='gpt-4o', provider_name='openai')


agent = Agent(FunctionModel(answers, model_name='gpt-4o'), name='shop')


@agent.tool_plain
def stock_level(sku: str) -> int:
    return 7


for _ in range(3):
    equal(agent.run_sync('How many SKU-7 are there?').output, 'There are 7.', 'the agent')
true(logfire.force_flush(), 'the SDK could not send everything')

queries = Path(os.environ['WATCHFIRE_TEST_QUERIES'])


def query(number: int) -> list[dict]:
    return rows((queries / f'q{number}.sql').read_text())


runs = query(1)
equal([(row['span_name'], row['runs']) for row in runs], [('agent run', 3)], 'q1')
true(runs[0]['avg_duration_ms'] > 0, f'q1 has no duration: {runs}')
tools = query(2)
equal({row['message'] for row in tools}, {'running tool: stock_level'}, 'q2')
equal({row['args'] for row in tools}, {'{"sku":"SKU-7"}'}, 'the arguments of q2')
models = {row['model']: row['total'] for row in query(3)}
equal(models, {'gpt-4o': 6, None: 6}, 'q3')
equal(sum(row['runs'] for row in query(4)), 3, 'q4')
equal(query(5), [{'tool_name': 'running tool: stock_level', 'invocations': 3}], 'q5')
calls = [(row['model'], row['input_tokens'], row['output_tokens']) for row in query(6) if row['model']]
equal(calls, [('gpt-4o', '1000', '50')] * 6, 'q6')

cost = rows("""
    SELECT attributes->>'gen_ai.request.model' AS model, count(*) AS calls,
           round(sum((attributes->>'operation.cost')::double), 4) AS cost_usd
    FROM records WHERE attributes ? 'operation.cost' GROUP BY model ORDER BY cost_usd DESC
""")
# 6 calls of 1,000 tokens in and 50 out, at 2.50 and 10 dollars a million.
equal(cost, [{'model': 'gpt-4o', 'calls': 6, 'cost_usd': 0.018}], 'what it cost')
tokens = rows("""
    SELECT sum(json_get_int(attributes, 'gen_ai.usage.input_tokens')) AS input,
           sum(json_get_int(attributes, 'gen_ai.usage.output_tokens')) AS output
    FROM records WHERE attributes ? 'gen_ai.usage.input_tokens'
""")
equal(tokens, [{'input': 6000, 'output': 300}], 'tokens')
