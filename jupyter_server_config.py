"""How JupyterLab is started for the course: jupyter lab --config=jupyter_server_config.py

It opens the first notebook, and its widgets answer sooner: what the kernel sends to the page goes out at once.
Otherwise every second small message waits until the page has confirmed the first (Nagle's algorithm and delayed
acknowledgements): 40 ms on Linux, at every move of a slider.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The connection between page and kernel, with TCP_NODELAY."""

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c = get_config()  # noqa: F821 - Jupyter provides it

c.LabApp.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.ServerApp.kernel_websocket_connection_class = PromptConnection
