"use strict";
// Filters over the failures that are on the page. Without this script the page shows all of them.
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const failures = [...document.querySelectorAll(".failure")];
  const words = failures.map((failure) => failure.textContent.toLowerCase());
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const all = count.textContent;

  const apply = () => {
    const wanted = [...new FormData(form)].filter(([, value]) => value !== "");
    let shown = 0;
    failures.forEach((failure, at) => {
      const fits = wanted.every(([key, value]) =>
        key === "text" ? words[at].includes(value.toLowerCase()) : failure.dataset[key].split(" ").includes(value));
      failure.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    count.textContent = wanted.length ? `${shown} of ${failures.length}` : all;
    nothing.hidden = shown > 0;
  };

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  for (const pick of document.querySelectorAll(".pick")) {
    pick.addEventListener("click", () => {
      const select = form.elements[pick.dataset.key];
      // Resetting ends after this event; what is picked comes after that. A group without failures has no option.
      form.reset();
      setTimeout(() => {
        const known = [...select.options].some((option) => option.value === pick.dataset.value);
        select.value = known ? pick.dataset.value : "";
        apply();
        document.getElementById("failures").scrollIntoView();
      });
    });
  }
  // A link to a case that a filter hides shows it.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.hidden) { form.reset(); setTimeout(() => { apply(); target.scrollIntoView(); }); }
  });
  apply();
})();
