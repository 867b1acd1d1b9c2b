// Written by deploy/embed-recipes.
#include "postern_recipes.h"

// #embed is of C23, and clang has it in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const struct postern_recipe recipes[] = {
    {"adyen-platform", (const char[]){
#embed "../../deploy/integrations/adyen-platform.yaml"
, 0}},
    {"adyen", (const char[]){
#embed "../../deploy/integrations/adyen.yaml"
, 0}},
    {"airtable", (const char[]){
#embed "../../deploy/integrations/airtable.yaml"
, 0}},
    {"asana", (const char[]){
#embed "../../deploy/integrations/asana.yaml"
, 0}},
    {"authorize-net", (const char[]){
#embed "../../deploy/integrations/authorize-net.yaml"
, 0}},
    {"aws-sns", (const char[]){
#embed "../../deploy/integrations/aws-sns.yaml"
, 0}},
    {"azure-event-grid", (const char[]){
#embed "../../deploy/integrations/azure-event-grid.yaml"
, 0}},
    {"bamboohr", (const char[]){
#embed "../../deploy/integrations/bamboohr.yaml"
, 0}},
    {"bigcommerce", (const char[]){
#embed "../../deploy/integrations/bigcommerce.yaml"
, 0}},
    {"bitbucket", (const char[]){
#embed "../../deploy/integrations/bitbucket.yaml"
, 0}},
    {"box", (const char[]){
#embed "../../deploy/integrations/box.yaml"
, 0}},
    {"braintree", (const char[]){
#embed "../../deploy/integrations/braintree.yaml"
, 0}},
    {"calendly", (const char[]){
#embed "../../deploy/integrations/calendly.yaml"
, 0}},
    {"circleci", (const char[]){
#embed "../../deploy/integrations/circleci.yaml"
, 0}},
    {"clickup", (const char[]){
#embed "../../deploy/integrations/clickup.yaml"
, 0}},
    {"cloudinary", (const char[]){
#embed "../../deploy/integrations/cloudinary.yaml"
, 0}},
    {"coinbase-commerce", (const char[]){
#embed "../../deploy/integrations/coinbase-commerce.yaml"
, 0}},
    {"contentful", (const char[]){
#embed "../../deploy/integrations/contentful.yaml"
, 0}},
    {"deel", (const char[]){
#embed "../../deploy/integrations/deel.yaml"
, 0}},
    {"discord", (const char[]){
#embed "../../deploy/integrations/discord.yaml"
, 0}},
    {"docusign", (const char[]){
#embed "../../deploy/integrations/docusign.yaml"
, 0}},
    {"dropbox-sign", (const char[]){
#embed "../../deploy/integrations/dropbox-sign.yaml"
, 0}},
    {"dropbox", (const char[]){
#embed "../../deploy/integrations/dropbox.yaml"
, 0}},
    {"ebay", (const char[]){
#embed "../../deploy/integrations/ebay.yaml"
, 0}},
    {"figma", (const char[]){
#embed "../../deploy/integrations/figma.yaml"
, 0}},
    {"freshdesk", (const char[]){
#embed "../../deploy/integrations/freshdesk.yaml"
, 0}},
    {"gitea", (const char[]){
#embed "../../deploy/integrations/gitea.yaml"
, 0}},
    {"github", (const char[]){
#embed "../../deploy/integrations/github.yaml"
, 0}},
    {"gitlab", (const char[]){
#embed "../../deploy/integrations/gitlab.yaml"
, 0}},
    {"gocardless", (const char[]){
#embed "../../deploy/integrations/gocardless.yaml"
, 0}},
    {"gogs", (const char[]){
#embed "../../deploy/integrations/gogs.yaml"
, 0}},
    {"gong", (const char[]){
#embed "../../deploy/integrations/gong.yaml"
, 0}},
    {"google-pubsub", (const char[]){
#embed "../../deploy/integrations/google-pubsub.yaml"
, 0}},
    {"greenhouse", (const char[]){
#embed "../../deploy/integrations/greenhouse.yaml"
, 0}},
    {"gusto", (const char[]){
#embed "../../deploy/integrations/gusto.yaml"
, 0}},
    {"heroku", (const char[]){
#embed "../../deploy/integrations/heroku.yaml"
, 0}},
    {"hmac", (const char[]){
#embed "../../deploy/integrations/hmac.yaml"
, 0}},
    {"hubspot-v2", (const char[]){
#embed "../../deploy/integrations/hubspot-v2.yaml"
, 0}},
    {"hubspot", (const char[]){
#embed "../../deploy/integrations/hubspot.yaml"
, 0}},
    {"intercom", (const char[]){
#embed "../../deploy/integrations/intercom.yaml"
, 0}},
    {"jira-connect", (const char[]){
#embed "../../deploy/integrations/jira-connect.yaml"
, 0}},
    {"jira", (const char[]){
#embed "../../deploy/integrations/jira.yaml"
, 0}},
    {"klaviyo", (const char[]){
#embed "../../deploy/integrations/klaviyo.yaml"
, 0}},
    {"line", (const char[]){
#embed "../../deploy/integrations/line.yaml"
, 0}},
    {"linear", (const char[]){
#embed "../../deploy/integrations/linear.yaml"
, 0}},
    {"linkedin", (const char[]){
#embed "../../deploy/integrations/linkedin.yaml"
, 0}},
    {"mailgun", (const char[]){
#embed "../../deploy/integrations/mailgun.yaml"
, 0}},
    {"mandrill", (const char[]){
#embed "../../deploy/integrations/mandrill.yaml"
, 0}},
    {"mercado-pago", (const char[]){
#embed "../../deploy/integrations/mercado-pago.yaml"
, 0}},
    {"messagebird", (const char[]){
#embed "../../deploy/integrations/messagebird.yaml"
, 0}},
    {"meta", (const char[]){
#embed "../../deploy/integrations/meta.yaml"
, 0}},
    {"microsoft-graph", (const char[]){
#embed "../../deploy/integrations/microsoft-graph.yaml"
, 0}},
    {"microsoft-teams", (const char[]){
#embed "../../deploy/integrations/microsoft-teams.yaml"
, 0}},
    {"monday", (const char[]){
#embed "../../deploy/integrations/monday.yaml"
, 0}},
    {"mux", (const char[]){
#embed "../../deploy/integrations/mux.yaml"
, 0}},
    {"notion", (const char[]){
#embed "../../deploy/integrations/notion.yaml"
, 0}},
    {"okta", (const char[]){
#embed "../../deploy/integrations/okta.yaml"
, 0}},
    {"onfleet", (const char[]){
#embed "../../deploy/integrations/onfleet.yaml"
, 0}},
    {"paddle", (const char[]){
#embed "../../deploy/integrations/paddle.yaml"
, 0}},
    {"pagerduty", (const char[]){
#embed "../../deploy/integrations/pagerduty.yaml"
, 0}},
    {"paypal", (const char[]){
#embed "../../deploy/integrations/paypal.yaml"
, 0}},
    {"persona", (const char[]){
#embed "../../deploy/integrations/persona.yaml"
, 0}},
    {"pipedrive", (const char[]){
#embed "../../deploy/integrations/pipedrive.yaml"
, 0}},
    {"plaid", (const char[]){
#embed "../../deploy/integrations/plaid.yaml"
, 0}},
    {"plivo", (const char[]){
#embed "../../deploy/integrations/plivo.yaml"
, 0}},
    {"postmark", (const char[]){
#embed "../../deploy/integrations/postmark.yaml"
, 0}},
    {"quickbooks", (const char[]){
#embed "../../deploy/integrations/quickbooks.yaml"
, 0}},
    {"razorpay", (const char[]){
#embed "../../deploy/integrations/razorpay.yaml"
, 0}},
    {"recurly", (const char[]){
#embed "../../deploy/integrations/recurly.yaml"
, 0}},
    {"salesforce", (const char[]){
#embed "../../deploy/integrations/salesforce.yaml"
, 0}},
    {"sanity", (const char[]){
#embed "../../deploy/integrations/sanity.yaml"
, 0}},
    {"sendgrid", (const char[]){
#embed "../../deploy/integrations/sendgrid.yaml"
, 0}},
    {"sentry", (const char[]){
#embed "../../deploy/integrations/sentry.yaml"
, 0}},
    {"shopify", (const char[]){
#embed "../../deploy/integrations/shopify.yaml"
, 0}},
    {"slack", (const char[]){
#embed "../../deploy/integrations/slack.yaml"
, 0}},
    {"square", (const char[]){
#embed "../../deploy/integrations/square.yaml"
, 0}},
    {"squarespace", (const char[]){
#embed "../../deploy/integrations/squarespace.yaml"
, 0}},
    {"standard-webhooks", (const char[]){
#embed "../../deploy/integrations/standard-webhooks.yaml"
, 0}},
    {"strava", (const char[]){
#embed "../../deploy/integrations/strava.yaml"
, 0}},
    {"stripe", (const char[]){
#embed "../../deploy/integrations/stripe.yaml"
, 0}},
    {"svix", (const char[]){
#embed "../../deploy/integrations/svix.yaml"
, 0}},
    {"telegram", (const char[]){
#embed "../../deploy/integrations/telegram.yaml"
, 0}},
    {"trello", (const char[]){
#embed "../../deploy/integrations/trello.yaml"
, 0}},
    {"twilio", (const char[]){
#embed "../../deploy/integrations/twilio.yaml"
, 0}},
    {"twitch", (const char[]){
#embed "../../deploy/integrations/twitch.yaml"
, 0}},
    {"typeform", (const char[]){
#embed "../../deploy/integrations/typeform.yaml"
, 0}},
    {"vercel", (const char[]){
#embed "../../deploy/integrations/vercel.yaml"
, 0}},
    {"webflow", (const char[]){
#embed "../../deploy/integrations/webflow.yaml"
, 0}},
    {"wise", (const char[]){
#embed "../../deploy/integrations/wise.yaml"
, 0}},
    {"woocommerce", (const char[]){
#embed "../../deploy/integrations/woocommerce.yaml"
, 0}},
    {"workable", (const char[]){
#embed "../../deploy/integrations/workable.yaml"
, 0}},
    {"x", (const char[]){
#embed "../../deploy/integrations/x.yaml"
, 0}},
    {"xero", (const char[]){
#embed "../../deploy/integrations/xero.yaml"
, 0}},
    {"zendesk", (const char[]){
#embed "../../deploy/integrations/zendesk.yaml"
, 0}},
    {"zoom", (const char[]){
#embed "../../deploy/integrations/zoom.yaml"
, 0}},
};

const struct postern_recipe *postern_recipe_at(size_t place) {
    return place < sizeof recipes / sizeof recipes[0] ? &recipes[place] : NULL;
}
