from locust import FastHttpUser, HttpUser, constant, task
class Fast(FastHttpUser):
    wait_time = constant(0.3)
    @task(4)
    def list(self):
        self.client.get("/v1/tools?limit=50", name="/v1/tools")
    @task(2)
    def checked(self):
        with self.client.get("/v1/tools/search", catch_response=True) as answer:
            if answer.status_code == 200:
                answer.failure("no list of tools")
    @task(1)
    def broken(self):
        raise ValueError("a task that breaks")
class Slow(HttpUser):
    wait_time = constant(0.3)
    network_timeout = 1
    @task
    def list(self):
        self.client.post("/v1/tools", json={"name": "x"}, name="/v1/tools", timeout=0.2)
