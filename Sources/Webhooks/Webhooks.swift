// Sources of Webhooks.
