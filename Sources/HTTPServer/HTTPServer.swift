// Sources of HTTPServer.
