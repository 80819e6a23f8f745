"""Users of the reference gateway, each with a token of its own. Run it as the load of a wave:

    scripts/soak run smoke --locustfile docs/examples/scenarios/locustfile.py
"""

import itertools
import json
import os

from locust import FastHttpUser, between, task

with open(os.environ["SOAKWAVE_IDENTITIES"], encoding="utf-8") as lines:
    identities = [json.loads(line) for line in lines]
next_identity = itertools.cycle(identities)


class Browser(FastHttpUser):
    wait_time = between(0.25, 0.75)

    def on_start(self):
        self.identity = next(next_identity)
        self.headers = {"Authorization": f"Bearer {self.identity['token']}"}

    @task(3)
    def list_tools(self):
        team = self.identity["teams"][0]
        self.client.get(
            f"/v1/tools?scope=team:{team}&limit=50", headers=self.headers, name="/v1/tools?scope=team"
        )

    @task(2)
    def search(self):
        path = "/v1/tools/search?q=weather&scope=global&limit=100"
        with self.client.get(path, headers=self.headers, name="/v1/tools/search", catch_response=True) as answer:
            if answer.status_code == 200 and "tools" not in answer.json():
                answer.failure("no list of tools")
