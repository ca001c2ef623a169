// Small comforts. Every page works without them.
"use strict";

// Copy a text; the button is shown only where scripts run.
function offerCopying(root) {
  for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(text.value);
  const before = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 2000);
});

// A form is sent once, however often its button is pressed. The server would notice too.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
// Back from another page: the form may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// What is wrong is read out first.
addEventListener("DOMContentLoaded", () => {
  offerCopying(document);
  (document.getElementById("mistakes") ?? document.querySelector(".warning[role=alert]"))?.focus();
});
document.addEventListener("htmx:afterSettle", (event) => offerCopying(event.target));

// A look-up beside a form does not lead away from it when the session has ended: sending the form keeps what was typed.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status === 401 && event.target.form?.method === "post") event.preventDefault();
});
