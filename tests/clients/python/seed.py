"""Three spans that the query client asks for."""

import logfire
from logfire import AdvancedOptions
from place import BASE_URL, WRITE_TOKEN, true

for number in range(3):
    sends = logfire.configure(
        local=True,
        token=WRITE_TOKEN,
        advanced=AdvancedOptions(base_url=BASE_URL),
        service_name='seed',
        environment='prod' if number != 1 else None,
        console=False,
        metrics=False,
    )
    with sends.span('seed', _span_name=f'seed {number}', n=number, _tags=['tag1', 'tag2']):
        pass
    true(sends.force_flush(), 'the SDK could not send everything')
